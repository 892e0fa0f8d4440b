/**
 * The test of the tests: each planted bug is a world with one piece of core replaced, and some
 * seed must break a promise in it. A bug that survives is a hole in the world.
 */
import type { Planted } from './plant.ts'
import { runSeeds } from './pool.ts'
import type { Report } from './run.ts'

export interface PlantedOptions {
  readonly from: number
  readonly seedsMax: number
  readonly threads: number | undefined
}

export async function runPlanted(
  bugs: readonly Planted[],
  options: PlantedOptions,
): Promise<number> {
  let survivors = 0
  for (const bug of bugs) {
    const { caught, seeds } = await hunt(bug, options)
    if (caught) {
      const { seed, violation } = caught
      console.log(
        `world: ${bug.name}: caught by ${violation!.invariant} at seed ${seed}, the ${nth(seeds)} run`,
      )
      console.log(`         ${violation!.what.split('\n')[0]!.slice(0, 120)}`)
    } else {
      survivors++
      console.error(`world: ${bug.name}: SURVIVED ${seeds} seeds: ${bug.what}`)
    }
  }
  console.log(`world: ${bugs.length - survivors} of ${bugs.length} planted bugs caught`)
  return survivors === 0 ? 0 : 1
}

async function hunt(
  { name }: Planted,
  { from, seedsMax, threads }: PlantedOptions,
): Promise<{ caught: Report | undefined; seeds: number }> {
  let caught: Report | undefined
  let seeds = 0
  await runSeeds({
    seeds: Array.from({ length: seedsMax }, (_, at) => from + at),
    planted: name,
    threads,
    onReport: (report) => {
      seeds++
      if (report.violation) caught ??= report
      return caught === undefined
    },
  })
  if (caught) await mustHoldWithoutBug(caught.seed)
  return { caught, seeds }
}

/** What breaks without the bug, too, has not caught it. */
async function mustHoldWithoutBug(seed: number): Promise<void> {
  const onReport = ({ violation }: Report): boolean => {
    if (violation)
      throw new Error(
        `seed ${seed} breaks ${violation.invariant} without any bug: ${violation.what}`,
      )
    return true
  }
  await runSeeds({ seeds: [seed], threads: 1, onReport })
}

function nth(count: number): string {
  return `${count}${['th', 'st', 'nd', 'rd'][count % 100 > 10 && count % 100 < 14 ? 0 : count % 10] ?? 'th'}`
}
