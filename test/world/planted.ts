/**
 * The test of the tests: each planted bug is a world with one piece of core replaced, and some
 * seed must break a promise in it. A bug that survives is a hole in the world.
 *
 * A bug that remembers a seed is tried with it first, several bugs at a time; what is left is
 * hunted with all threads, seed after seed. A seed that has caught something runs once more
 * without any bug, because what breaks anyway has caught nothing.
 */
import { availableParallelism } from 'node:os'
import type { WorkloadName } from './plan.ts'
import { type Planted, misfits } from './plant.ts'
import { runSeeds } from './pool.ts'
import type { Report } from './run.ts'

export interface PlantedOptions {
  readonly from: number
  readonly seedsMax: number
  readonly threads: number | undefined
  readonly workload: WorkloadName | undefined
}

export async function runPlanted(
  bugs: readonly Planted[],
  options: PlantedOptions,
): Promise<number> {
  const fitting = bugs.filter((bug) => {
    const faults = misfits(bug)
    for (const fault of faults) console.error(`world: ${fault}`)
    return faults.length === 0
  })
  const caught = await tryKnownSeeds(fitting, options)
  for (const bug of fitting.filter((each) => !caught.has(each))) {
    if (bug.seed !== undefined)
      console.log(`world: ${bug.name}: seed ${bug.seed} catches it no longer; remember another`)
    if (await hunt(bug, options)) caught.add(bug)
    else console.error(`world: ${bug.name}: SURVIVED ${options.seedsMax} seeds: ${bug.what}`)
  }
  console.log(`world: ${caught.size} of ${bugs.length} planted bugs caught`)
  return caught.size === bugs.length ? 0 : 1
}

/** Each bug with the one seed it remembers, as many bugs at a time as there are threads. */
async function tryKnownSeeds(
  bugs: readonly Planted[],
  options: PlantedOptions,
): Promise<Set<Planted>> {
  const caught = new Set<Planted>()
  const left = bugs.filter(({ seed }) => seed !== undefined)[Symbol.iterator]()
  const lane = async (): Promise<void> => {
    for (const bug of left) {
      const found = await firstCatch(bug, [bug.seed!], { ...options, threads: 1 })
      if (found?.isReal) caught.add(bug)
    }
  }
  await Promise.all(Array.from({ length: options.threads ?? availableParallelism() }, lane))
  return caught
}

async function hunt(bug: Planted, options: PlantedOptions): Promise<boolean> {
  const { from, seedsMax } = options
  for (let tried = 0; tried < seedsMax;) {
    const seeds = Array.from({ length: seedsMax - tried }, (_, at) => from + tried + at)
    const found = await firstCatch(bug, seeds, options)
    if (found?.isReal) return true
    tried += found?.seeds ?? seedsMax
  }
  return false
}

interface Catch {
  /** How many seeds it took. */
  readonly seeds: number
  /** What breaks without the bug, too, has not caught it. */
  readonly isReal: boolean
}

async function firstCatch(
  bug: Planted,
  seeds: readonly number[],
  { threads, workload: given }: PlantedOptions,
): Promise<Catch | undefined> {
  const workload = given ?? bug.workload
  let report: Report | undefined
  let runs = 0
  const onReport = (next: Report): boolean => {
    runs++
    if (next.violation) report ??= next
    return report === undefined
  }
  await runSeeds({ seeds, planted: bug.name, workload, threads, onReport })
  if (!report) return undefined
  const { seed, violation } = report
  const fault = await faultWithout(seed, workload)
  if (fault !== undefined) {
    console.error(`world: seed ${seed} catches nothing: without any bug it ${fault}`)
    return { seeds: runs, isReal: false }
  }
  const { invariant, what } = violation!
  console.log(`world: ${bug.name}: caught by ${invariant} at seed ${seed}, the ${nth(runs)} run`)
  console.log(`         ${what.split('\n')[0]!.slice(0, 120)}`)
  return { seeds: runs, isReal: true }
}

async function faultWithout(
  seed: number,
  workload: WorkloadName | undefined,
): Promise<string | undefined> {
  let fault: string | undefined
  const onReport = ({ violation }: Report): boolean => {
    if (violation) fault = `breaks ${violation.invariant}: ${violation.what}`
    return true
  }
  await runSeeds({ seeds: [seed], workload, threads: 1, onReport })
  return fault
}

function nth(count: number): string {
  return `${count}${['th', 'st', 'nd', 'rd'][count % 100 > 10 && count % 100 < 14 ? 0 : count % 10] ?? 'th'}`
}
