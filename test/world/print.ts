/** What the world tells people: sums, what was reached, and a failure with its history. */
import { describePlan, planFor } from './plan.ts'
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

/** `history` lines read: virtual seconds, who, what. m1 is a message, e1 an entity, m1@5 a seq, m1!why a refusal. */
export async function printFailure(
  { seed, violation, history }: Report,
  { whole = false, bug }: { readonly whole?: boolean; readonly bug?: string | undefined },
): Promise<void> {
  console.error(`\nworld: seed ${seed} breaks ${violation!.invariant}: ${violation!.what}`)
  console.error(describePlan(planFor(seed)))
  const lines = history ?? []
  const shown = whole ? lines : lines.slice(-HISTORY_LINES)
  if (shown.length < lines.length) console.error(`… ${lines.length - shown.length} lines before`)
  console.error(shown.join('\n'))
  const more = bug === undefined ? '' : ` --bug ${bug}`
  console.error(`world: replay with: npx pnpm world --seed ${seed} --verbose${more}`)
}

function big(value: number): string {
  return value.toLocaleString('en-US')
}
