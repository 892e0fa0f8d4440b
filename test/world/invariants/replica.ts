/**
 * Invariants of a replica at every moment: of its position, of the messages that it shows, and of each
 * query. Those of one row are in `row.ts`.
 */
import type { AnyRow, Entity, Position, Query } from '@countersign/core'
import type { EntityHistory, Fact } from '../facts.ts'
import { scan } from '../scan.ts'
import type { Sight } from '../sight.ts'
import type { Truth } from '../truth.ts'
import { must } from '../violation.ts'

/** A position never moves back, and is one of the reviewer's. Returns it. */
export function s12Progressive(
  truth: Truth,
  before: Position | null,
  now: Position | null,
): Position | null {
  must(!before || now, 'S12', () => `the position ${before!.seq} is gone`)
  if (!now) return now
  must(
    !before || now.seq >= before.seq,
    'S12',
    () => `the position moved from ${before!.seq} back to ${now.seq}`,
  )
  must(now.seq <= truth.seq, 'S12', () => `position ${now.seq}, the store is at ${truth.seq}`)
  const chain = truth.chainAt.get(now.seq)
  must(
    now.seq === 0 || chain === now.chain,
    'S12',
    () => `the chain at ${now.seq} is not that of the store`,
  )
  return now
}

/**
 * A message that was shown once stays shown, unless it was refused. `isTakenBack`: a replica may have shown
 * it before its check, which has failed, or it was written on such a message.
 */
export function s13Monotonic(
  truth: Truth,
  before: Sight | undefined,
  { history, mask }: Sight,
  isTakenBack: (fact: Fact) => boolean,
): void {
  const gone = (before?.mask ?? 0n) & ~mask
  for (const fact of history.within(gone)) {
    const { message, name } = fact
    must(
      truth.isRefused(message.id) || isTakenBack(fact),
      'S13',
      () => `${history.name} no longer shows ${name}, which was not refused`,
    )
  }
}

/** A replica, and the seq up to which it has the reviewer's verdicts. */
export interface OfReplica {
  readonly device: string
  readonly seq: number
  /** Whether it shows what is not checked yet. */
  readonly showsAhead: boolean
}

/**
 * Messages that are shown beyond the position are this device's own; or they were accepted, and are shown
 * before their check.
 */
export function s1OnlyOwnIsPending(
  truth: Truth,
  { history, mask, row }: Sight,
  { device, seq, showsAhead }: OfReplica,
): void {
  must(
    showsAhead || row?.$state !== 'unverified',
    'S1',
    () => `${history.name} is unverified, and every check is native`,
  )
  for (const { message, name, seq: at } of history.within(mask & ~history.acceptedAt(seq))) {
    const owner = truth.deviceOf.get(message.session.facts.sessionId)
    must(
      owner === device || (showsAhead && at !== undefined),
      'S1',
      () => `${history.name} shows ${name} of ${owner}, which position ${seq} does not have`,
    )
  }
}

/** What was accepted up to the position is there. */
export function s1Complete(fact: Fact, history: EntityHistory, mask: bigint): void {
  must(
    (mask & history.bitOf(fact.message.id)) !== 0n,
    'S1',
    () => `${history.name} lacks ${fact.name}, accepted at ${fact.seq}`,
  )
}

/** A message of several entities is seen in all of them at once, or in none. */
export function s6Whole(
  fact: Fact,
  expected: boolean,
  isSeen: (entityId: string) => boolean | undefined,
): void {
  for (const { entity } of fact.oracle.changes) {
    const seen = isSeen(entity)
    must(
      seen === undefined || seen === expected,
      'S6',
      () => `${fact.name} is ${expected ? 'seen' : 'gone'} in one entity and not in another`,
    )
  }
}

/** A live query shows what a look at every row would. */
export function s15IndexIsScan(
  type: string,
  query: Query<Entity>,
  { rows, live }: { readonly rows: readonly AnyRow[]; readonly live: readonly AnyRow[] },
): void {
  const expected = scan(rows, query)
  const isSame = live.length === expected.length && live.every((row, i) => row === expected[i])
  must(
    isSame,
    'S15',
    () =>
      `${type} ${JSON.stringify(query)} shows ${live.length} rows, a scan ${expected.length}: ${firstDifference(live, expected)}`,
  )
}

function firstDifference(live: readonly AnyRow[], expected: readonly AnyRow[]): string {
  const at = expected.findIndex((row, i) => row !== live[i])
  const place = at < 0 ? expected.length : at
  return `row ${place} is ${live[place]?.id ?? 'missing'}, must be ${expected[place]?.id ?? 'none'}`
}
