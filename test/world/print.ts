/** The output of the world: sums, reached branches, and a failure with its history. */
import { type WorkloadName, describePlan, planFor, workloadOf } from './plan.ts'
import { describePeers } from './peers/plan.ts'
import { describeRestores } from './restores/plan.ts'
import type { Report } from './run.ts'
import { SOMETIMES } from './sometimes.ts'
import type { Tally } from './tally.ts'

const HISTORY_LINES = 60

export interface Summary {
  readonly seeds: number
  readonly from: number
  readonly events: number
  readonly virtualMs: number
  readonly seconds: number
  readonly threads: number
  readonly counts: Tally
}

export function printSummary({
  seeds,
  from,
  events,
  virtualMs,
  seconds,
  threads,
  counts,
}: Summary): void {
  const faults = counts.entries().filter(([name]) => name.startsWith('fault: '))
  const injected = faults.reduce((sum, [, count]) => sum + count, 0)
  const rate = seeds / seconds
  console.log(
    `world: ${seeds} seeds from ${from}, ${big(events)} events, ${(virtualMs / 3_600_000).toFixed(1)} virtual hours, ` +
      `${big(injected)} faults of ${faults.length} kinds, ` +
      `${seconds.toFixed(1)} s, ${rate.toFixed(1)} seeds/s (${(rate / threads).toFixed(1)} a thread)`,
  )
  for (const [name, count] of faults) console.log(`  ${big(count).padStart(10)}  ${name}`)
}

/** Prints how often each rare branch was reached; returns those that never were. */
export function printReached(counts: Tally): string[] {
  console.log('world: reached')
  for (const name of SOMETIMES) console.log(`  ${big(counts.get(name)).padStart(10)}  ${name}`)
  const others = counts
    .entries()
    .filter(([name]) => !SOMETIMES.includes(name) && !name.startsWith('fault: '))
  console.log(`world: and ${others.map(([name, count]) => `${name} ${big(count)}`).join('; ')}`)
  return SOMETIMES.filter((name) => counts.get(name) === 0)
}

export interface FailureOptions {
  /** Prints the whole history. */
  readonly whole?: boolean
  /** The name of the planted bug. */
  readonly bug?: string | undefined
}

/**
 * `first` is the failure; `again` is the same seed run once more, with its history. They differ
 * when files have changed in between, or when the world is not deterministic: both are reported.
 * A line has virtual seconds, the actor, and the event. m1 is a message, e1 an entity, m1@5 m1 with its seq, m1!why its refusal.
 */
export function failureText(
  first: Report,
  again: Report,
  { whole = false, bug }: FailureOptions = {},
): string {
  const { seed, workload, violation } = first
  const lines = [`\nworld: seed ${seed} breaks ${violation?.invariant}: ${violation?.what}`]
  lines.push(describe(seed, workload))
  if (again.violation?.what !== violation?.what) lines.push(otherwise(first, again))
  const history = again.history ?? []
  const shown = whole ? history : history.slice(-HISTORY_LINES)
  if (shown.length < history.length) lines.push(`… ${history.length - shown.length} lines before`)
  lines.push(...shown)
  const more = `${workload === workloadOf(seed) ? '' : ` --workload ${workload}`}${bug ? ` --bug ${bug}` : ''}`
  lines.push(`world: replay with: npx pnpm world --seed ${seed} --verbose${more}`)
  return lines.join('\n')
}

function describe(seed: number, workload: WorkloadName): string {
  if (workload === 'W8') return describeRestores(seed)
  if (workload === 'W9') return describePeers(seed)
  if (workload === 'W11') return 'workload W11, accounts'
  if (workload === 'W12') return 'workload W12, erasures'
  if (workload === 'W15') return 'workload W15, short logins and names, and an operator who revokes'
  return describePlan(planFor(seed, workload))
}

function otherwise(first: Report, again: Report): string {
  const what = again.violation
    ? `broke ${again.violation.invariant} instead: ${again.violation.what}`
    : 'did not fail again'
  const traces = `${first.events} events and trace ${first.hash}, then ${again.events} and ${again.hash}`
  return (
    `world: run a second time, it ${what} (${traces}). ` +
    'Files have changed in between, or something is not decided by the seed; the history is that of the second run.'
  )
}

function big(value: number): string {
  return value.toLocaleString('en-US')
}
