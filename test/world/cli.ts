/**
 * The simulated world from the command line:
 *
 *   pnpm world --seeds 200 --from 1      that many seeds on all cores; what was reached, what failed
 *   pnpm world --minutes 60              as many as fit, from a seed of the day
 *   pnpm world --seed 17 --verbose       one seed, with its history
 *   pnpm world --planted --bug name      a planted bug must be caught; without a name, every one
 *   pnpm world --trace FILE              what a devtools panel saved must come to the same rows again
 *
 * `--workload W2` gives all seeds that workload; without it, half of them do anything, and the
 * others are about one thing each (`workloads/all.ts`).
 *
 * Ends with code 1 when a promise was broken, a branch that must be reached was not, or a planted
 * bug survived.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import type { WorkloadName } from './plan.ts'
import { plant } from './plant.ts'
import { PLANTED, plantedNamed } from './planted/all.ts'
import { runPlanted } from './planted.ts'
import { runSeeds } from './pool.ts'
import type { Report } from './run.ts'
import { REGRESSION_SEEDS } from './seeds.ts'
import { Tally } from './tally.ts'

/** So many seeds must have reached every branch of `sometimes.ts`. */
const SEEDS_FOR_ALL = 2_000
const PLANTED_SEEDS_MAX = 20_000
const FAILURES_MAX = 5

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    minutes: { type: 'string' },
    threads: { type: 'string' },
    planted: { type: 'boolean', default: false },
    bug: { type: 'string' },
    workload: { type: 'string' },
    trace: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
})

// What is planted changes sources as they are loaded; the modules below load core.
if (values.seed !== undefined && values.bug !== undefined) plant(plantedNamed(values.bug))
const { WORKLOADS } = await import('./plan.ts')
const { failureText, printReached, printSummary } = await import('./print.ts')
const { runSeed } = await import('./run.ts')

const ofBug = values.bug === undefined ? undefined : plantedNamed(values.bug).workload
const workload = workloadNamed(values.workload ?? ofBug)
const threads = values.threads === undefined ? undefined : Number(values.threads)
process.exitCode = await main()

async function main(): Promise<number> {
  if (values.trace !== undefined) return (await import('./trace-cli.ts')).runTrace(values.trace)
  if (values.seed !== undefined) return replay(Number(values.seed))
  if (values.planted) {
    const bugs = values.bug === undefined ? PLANTED : [plantedNamed(values.bug)]
    const seedsMax = Number(values.seeds ?? PLANTED_SEEDS_MAX)
    return runPlanted(bugs, { from: Number(values.from), seedsMax, threads, workload })
  }
  return many()
}

function workloadNamed(name: string | undefined): WorkloadName | undefined {
  const found = WORKLOADS.find((each) => each === name)
  if (name === undefined || found) return found
  throw new Error(`no workload "${name}"; there are ${WORKLOADS.join(', ')}`)
}

async function replay(seed: number): Promise<number> {
  const report = await runSeed(seed, { verbose: true, workload })
  if (report.violation)
    console.error(failureText(report, report, { whole: values.verbose, bug: values.bug }))
  else {
    if (values.verbose) console.log(report.history!.join('\n'))
    console.log(`world: seed ${seed} holds; ${report.events} events, trace ${report.hash}`)
  }
  return report.violation ? 1 : 0
}

async function many(): Promise<number> {
  const startMs = performance.now()
  const endMs = values.minutes === undefined ? Infinity : startMs + Number(values.minutes) * 60_000
  const from =
    values.minutes === undefined ? Number(values.from) : Math.floor(Date.now() / 1_000) * 100_000
  const count = values.minutes === undefined ? Number(values.seeds ?? 200) : Infinity
  const counts = new Tally()
  const failed: Report[] = []
  let [seeds, events, virtualMs] = [0, 0, 0]
  function* toRun(): Iterable<number> {
    if (workload === undefined) for (const { seed } of REGRESSION_SEEDS) yield seed
    for (let at = 0; at < count; at++) yield from + at
  }
  await runSeeds({
    seeds: toRun(),
    workload,
    threads,
    onReport: (report) => {
      seeds++
      events += report.events
      virtualMs += report.virtualMs
      counts.add(report.counts)
      if (report.violation) failed.push(report)
      return failed.length < FAILURES_MAX && performance.now() < endMs
    },
  })
  const seconds = (performance.now() - startMs) / 1_000
  printSummary({
    seeds,
    from,
    events,
    virtualMs,
    seconds,
    threads: threads ?? availableParallelism(),
    counts,
  })
  const missing = printReached(counts)
  for (const first of failed.sort((a, b) => a.seed - b.seed)) {
    const again = await runSeed(first.seed, { verbose: true, workload })
    console.error(failureText(first, again))
  }
  // One workload alone leaves out what the others are about.
  const isPoor = missing.length > 0 && seeds >= SEEDS_FOR_ALL && workload === undefined
  if (isPoor) console.error(`world: never reached: ${missing.join('; ')}`)
  return failed.length > 0 || isPoor ? 1 : 0
}
