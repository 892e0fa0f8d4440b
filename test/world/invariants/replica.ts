/**
 * What must hold of a replica at every moment: of its position, of each row and of each query.
 * A `Sight` is a row with the set of messages it is the fold of.
 */
import type { AnyRow, Entity, Position, Query } from '@countersign/core'
import { isDeepStrictEqual } from 'node:util'
import type { EntityHistory, ExpectedRow, Fact } from '../facts.ts'
import { type OracleWrite, UNSET } from '../../model/oracle.ts'
import { scan } from '../scan.ts'
import type { Truth } from '../truth.ts'
import { must } from '../violation.ts'
import type { Sight } from '../watch.ts'

const ARCHIVED = '$archived'

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

/** What was seen once is seen for ever, unless it was refused. */
export function s13Monotonic(
  truth: Truth,
  before: Sight | undefined,
  { history, mask }: Sight,
): void {
  const gone = (before?.mask ?? 0n) & ~mask
  for (const { message, name } of history.within(gone)) {
    must(
      truth.isRefused(message.id),
      'S13',
      () => `${history.name} no longer shows ${name}, which was not refused`,
    )
  }
}

/** With the same messages a clean value stays what it is: an ack changes nothing on screen. */
export function s13NothingFlips(before: Sight, after: Sight, { conflicts }: ExpectedRow): void {
  if (before.mask !== after.mask || !before.row || !after.row) return
  for (const field of new Set([...Object.keys(before.row), ...Object.keys(after.row)])) {
    if (conflicts.has(field)) continue
    const isSame = isDeepStrictEqual(before.row[field], after.row[field])
    must(isSame, 'S13', () => `${after.history.name}.${field} changed with no new message`)
  }
}

/** What is shown beyond the reviewer's word up to the position is this device's own. */
export function s1OnlyOwnIsPending(
  truth: Truth,
  { history, mask }: Sight,
  { device, seq }: { readonly device: string; readonly seq: number },
): void {
  for (const { message, name } of history.within(mask & ~history.acceptedAt(seq))) {
    const owner = truth.deviceOf.get(message.header.sessionId)
    must(
      owner === device,
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

export interface Viewing {
  readonly viewerId: string | undefined
  readonly seq: number
  readonly truth: Truth
}

/** The row is the oracle's fold of its messages: heads, values, and what it says of itself. */
export function s1RowIsFold(
  { history, row, mask }: Sight,
  expected: ExpectedRow,
  viewing: Viewing,
): void {
  const what = history.name
  must(
    row!.$heads.join() === expected.heads.join(),
    'S1',
    () => `${what} has heads ${row!.$heads.length}, not ${expected.heads.length}`,
  )
  const shown = new Set(Object.keys(row!))
  shown.delete('id')
  for (const [reg, live] of expected.live) {
    const is: unknown = reg === ARCHIVED ? row!.$archived : row![reg]
    shown.delete(reg)
    const options = valuesShown(live, viewing)
    const isRight = options.some((value) =>
      isDeepStrictEqual(is, value === UNSET ? undefined : value),
    )
    must(
      isRight,
      'S1',
      () => `${what}.${reg} is ${text(is)}, must be ${options.map(text).join(' or ')}`,
    )
  }
  must(shown.size === 0, 'S1', () => `${what} has fields nobody wrote: ${[...shown].join()}`)
  canonicalFacts(row!, { history, mask, viewing })
}

/**
 * The values a viewer may be shown: their own newest, else the first in canonical order. The
 * order of what has no review here yet is known to its device alone: then any of it may be it.
 */
function valuesShown(live: readonly OracleWrite[], { viewerId, seq, truth }: Viewing): unknown[] {
  const seqOf = ({ by }: OracleWrite): number => truth.facts.get(by)!.seq ?? Infinity
  const own = live.filter(({ by }) => truth.facts.get(by)!.message.header.authorId === viewerId)
  const among = own.length > 0 ? own : live
  const known = among.filter((write) => seqOf(write) <= seq).sort((a, b) => seqOf(a) - seqOf(b))
  const unknown = among.filter((write) => seqOf(write) > seq)
  const certain = own.length > 0 ? known.at(-1) : known[0]
  const isOpen = own.length > 0 ? unknown.length > 0 : known.length === 0
  return isOpen ? unknown.map(({ value }) => value) : [certain!.value]
}

/** Order keys and states, as far as they are known from outside. */
function canonicalFacts(
  row: AnyRow,
  {
    history,
    mask,
    viewing: { seq, truth },
  }: { history: EntityHistory; mask: bigint; viewing: Viewing },
): void {
  const accepted = history.acceptedAt(seq)
  const isPending = (mask & ~accepted) !== 0n
  must(
    !isPending || row.$state !== 'canonical',
    'S1',
    () => `${history.name} says canonical, and has ${history.within(mask & ~accepted)[0]!.name}`,
  )
  if (row.$state !== 'canonical') return
  const facts = history.within(mask)
  const last = facts.reduce((a, b) => (a.seq! > b.seq! ? a : b))
  const roots = facts.filter((fact) => changeOf(fact, history).parents.length === 0)
  const first = roots.reduce((a, b) => (a.seq! < b.seq! ? a : b))
  const keys = [row.$orderKey, row.$createdOrderKey, row.$author, row.$createdBy]
  const wanted = [
    keyOf(last, history),
    keyOf(first, history),
    last.message.header.authorId,
    first.message.header.authorId,
  ]
  must(
    keys.join() === wanted.join(),
    'S1',
    () => `${history.name} says ${keys.join(' ')} of itself, must be ${wanted.join(' ')}`,
  )
  must(
    row.$timestamp === last.message.header.timestamp,
    'S1',
    () => `${history.name} has the time of another message`,
  )
  must(truth.seq >= last.seq!, 'S1', () => `${history.name} is ahead of the store`)
}

function changeOf({ oracle }: Fact, { id }: EntityHistory): Fact['oracle']['changes'][number] {
  return oracle.changes.find(({ entity }) => entity === id)!
}

function keyOf({ seq, oracle }: Fact, { id }: EntityHistory): string {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0')
  const index = oracle.changes.findIndex(({ entity }) => entity === id)
  return `${hex(1, 6)}.${hex(seq!, 11)}.${hex(index, 3)}`
}

/** Conflicts are exactly the oracle's: these fields, these values, each under a message that has it. */
export function s8Conflicts({ history, row }: Sight, { conflicts }: ExpectedRow): void {
  const found = Object.keys(row!.$conflicts).sort()
  const wanted = [...conflicts.keys()].sort()
  must(
    found.join() === wanted.join(),
    'S8',
    () => `${history.name} is in conflict over [${found.join()}], must be over [${wanted.join()}]`,
  )
  for (const [reg, live] of conflicts) {
    const { candidates } = row!.$conflicts[reg]!
    const distinct = live.filter(
      ({ value }, at) => live.findIndex((other) => isDeepStrictEqual(other.value, value)) === at,
    )
    must(
      candidates.length === distinct.length,
      'S8',
      () =>
        `${history.name}.${reg} has ${candidates.length} candidates, must have ${distinct.length}`,
    )
    for (const { msgId, value } of candidates) {
      const write = live.find(({ by }) => by === msgId)
      const isIt =
        write && isDeepStrictEqual(value, write.value === UNSET ? undefined : write.value)
      must(
        isIt,
        'S8',
        () =>
          `${history.name}.${reg} has the candidate ${text(value)} of a message that did not leave it`,
      )
    }
  }
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

function text(value: unknown): string {
  return value === UNSET ? 'unset' : (JSON.stringify(value)?.slice(0, 60) ?? 'absent')
}
