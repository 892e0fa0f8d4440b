/**
 * Invariants of one row at every moment: its values, its conflicts and its `$` properties are those that
 * the oracle computes from its messages. A `Sight` is a row with these messages.
 */
import type { Candidate } from '@countersign/core'
import { isDeepStrictEqual } from 'node:util'
import { type OracleRow, type OracleWrite, UNSET } from '../../model/oracle.ts'
import { type OracleBefore, type OracleReading, readingOf } from '../../model/policies.ts'
import { breaksRule, policiesOf } from '../entities.ts'
import type { EntityHistory, Fact } from '../facts.ts'
import { type Reading, asOracle } from '../reading.ts'
import type { Sight } from '../sight.ts'
import type { Truth } from '../truth.ts'
import { must } from '../violation.ts'

const ARCHIVED = '$archived'

/** The reader, the versions that they read by, and the seq up to which they have the reviewer's verdicts. */
export interface Viewing {
  readonly reading: Reading
  readonly viewerId: string | undefined
  readonly seq: number
  /** Whether nothing that was accepted is pending again: where writes parted is not known otherwise. */
  readonly isBaseSure: boolean
  readonly truth: Truth
}

/** The oracle's row for one reader. */
export function readingFor({ history, row, mask }: Sight, viewing: Viewing): OracleReading {
  const { truth, viewerId, reading, seq, isBaseSure } = viewing
  const past = reading.past(history, mask, seq)
  const before = (reg: string): OracleBefore => {
    const { writes, isKnown } = past.before(reg)
    return { writes, isKnown: isKnown && isBaseSure }
  }
  return readingOf({ ...past, before }, policiesOf(history.type), {
    isOwn: (id) => truth.facts.get(id)!.message.session.facts.authorId === viewerId,
    ends: (writes, which) => endsOf(writes, which, viewing),
    breaksRule: breaksRule(history.type, row!),
  })
}

/**
 * Only its device knows the order of messages that have no review here yet: within one session it is
 * that of the numbers, among several sessions it may be any.
 */
function endsOf(
  writes: readonly OracleWrite[],
  which: 'first' | 'last',
  { seq, truth }: Viewing,
): readonly OracleWrite[] {
  const at = which === 'first' ? 0 : -1
  const factOf = ({ by }: OracleWrite): Fact => truth.facts.get(by)!
  const seqOf = (write: OracleWrite): number => factOf(write).seq ?? Infinity
  const known = writes.filter((write) => seqOf(write) <= seq)
  const pending = writes.filter((write) => seqOf(write) > seq)
  if (pending.length === 0 || (which === 'first' && known.length > 0))
    return [known.sort((a, b) => seqOf(a) - seqOf(b)).at(at)!]
  const { sessionId } = factOf(pending[0]!).message.session.facts
  if (pending.some((write) => factOf(write).message.session.facts.sessionId !== sessionId))
    return pending
  const numberOf = (write: OracleWrite): number => factOf(write).message.clientSeq
  return [pending.sort((a, b) => numberOf(a) - numberOf(b)).at(at)!]
}

/** The row has the heads, the values and the facts of its messages. */
export function s1RowIsFold(sight: Sight, reading: OracleReading, viewing: Viewing): void {
  const { history, row, mask } = sight
  const { heads }: OracleRow = history.expected(mask)
  must(
    row!.$heads.join() === heads.join(),
    'S1',
    () =>
      `${history.name} has the heads ${named(row!.$heads, viewing)}, must have ${named(heads, viewing)}`,
  )
  const left = new Set(Object.keys(row!))
  left.delete('id')
  for (const [reg, options] of reading.shown) {
    left.delete(reg)
    const isRight = options.some((value) => isDeepStrictEqual(asOracle(row![reg]), plain(value)))
    must(
      isRight,
      'S1',
      () =>
        `${history.name}.${reg} is ${text(row![reg])}, must be ${options.map(text).join(' or ')}`,
    )
  }
  for (const [field, value] of viewing.reading.fallbacks(history.type)) {
    if (reading.shown.has(field)) continue
    left.delete(field)
    must(
      isDeepStrictEqual(row![field], value),
      'S19',
      () => `${history.name}.${field} is ${text(row![field])}, must be ${text(value)} by default`,
    )
  }
  must(left.size === 0, 'S1', () => `${history.name} has fields nobody wrote: ${[...left].join()}`)
  must(
    row!.$archived === reading.archived,
    'S1',
    () => `${history.name} says archived: ${row!.$archived}`,
  )
  canonicalFacts(sight, viewing)
}

function named(ids: readonly string[], { truth }: Viewing): string {
  return ids.map((id) => truth.facts.nameOf(id)).join(' ')
}

/** With the same messages a clean value does not change: an ack changes nothing on screen. */
export function s13NothingFlips(before: Sight, after: Sight, { reading, seq }: Viewing): void {
  if (before.mask !== after.mask || before.reading !== after.reading) return
  if (!before.row || !after.row) return
  const { live } = reading.past(after.history, after.mask, seq).row
  for (const field of new Set([...Object.keys(before.row), ...Object.keys(after.row)])) {
    // Of several live values, the order of acceptance decides which one is shown.
    if ((live.get(field)?.length ?? 0) > 1) continue
    const isSame = isDeepStrictEqual(before.row[field], after.row[field])
    must(isSame, 'S13', () => `${after.history.name}.${field} changed with no new message`)
  }
}

/** Order keys and states, as far as they are known from outside. */
function canonicalFacts({ history, row: shown, mask }: Sight, { seq, truth }: Viewing): void {
  const row = shown!
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
    last.message.session.facts.authorId,
    first.message.session.facts.authorId,
  ]
  must(
    keys.join() === wanted.join(),
    'S1',
    () => `${history.name} says ${keys.join(' ')} of itself, must be ${wanted.join(' ')}`,
  )
  must(
    row.$timestamp === last.message.time,
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

/**
 * Conflicts are exactly the oracle's: these fields, these values, each under a message that gave
 * it, in canonical order, and what stood before.
 */
export function s8Conflicts(
  sight: Sight,
  { conflicts, open }: OracleReading,
  { truth, viewerId, reading }: Viewing,
): void {
  const { history, row } = sight
  const isSettled = (reg: string): boolean => !open.has(reg)
  const found = Object.keys(row!.$conflicts).filter(isSettled).sort()
  const wanted = [...conflicts.keys()].filter(isSettled).sort()
  must(
    found.join() === wanted.join(),
    'S8',
    () => `${history.name} is in conflict over [${found.join()}], must be over [${wanted.join()}]`,
  )
  for (const [reg, expected] of conflicts) {
    const what = `${history.name}.${reg}`
    const { base, candidates } = row!.$conflicts[reg] ?? {}
    if (!candidates) continue
    for (const candidate of candidates) {
      const fact = truth.facts.get(candidate.msgId)
      const authorId = fact?.message.session.facts.authorId
      must(
        fact &&
          isMineSo(candidate, { authorId, viewerId, truth }) &&
          candidate.authorId === authorId,
        'S8',
        () => `${what} has a candidate of another author than it says`,
      )
      must(
        reg === ARCHIVED ||
          isDeepStrictEqual(asOracle(candidate.value), plain(reading.given(fact, history, reg))),
        'S8',
        () => `${what} has the candidate ${text(candidate.value)}, which ${fact.name} did not give`,
      )
    }
    inOrder(what, candidates)
    if (reg === ARCHIVED) continue
    const values = expected.candidates.map(({ value }) => plain(value))
    const told = candidates.map(({ value }) => asOracle(value))
    must(
      includesAll(told, values) && includesAll(values, told),
      'S8',
      () => `${what} has the candidates ${text(told)}, must have ${text(values)}`,
    )
    must(
      !expected.isBaseKnown || isDeepStrictEqual(asOracle(base), plain(expected.base)),
      'S8',
      () => `${what} was ${text(base)} before, must be ${text(expected.base)}`,
    )
  }
}

function includesAll(list: readonly unknown[], some: readonly unknown[]): boolean {
  return some.every((value) => list.some((other) => isDeepStrictEqual(other, value)))
}

function inOrder(what: string, candidates: readonly Candidate[]): void {
  const keys = candidates.map(({ orderKey }) => orderKey)
  must(
    what.endsWith(ARCHIVED) || keys.join() === [...keys].sort().join(),
    'S8',
    () => `the candidates of ${what} are not in canonical order`,
  )
}

/** As a row has it. */
function plain(value: unknown): unknown {
  return value === UNSET ? undefined : value
}

function text(value: unknown): string {
  return value === UNSET ? 'unset' : (JSON.stringify(value)?.slice(0, 60) ?? 'absent')
}

/** Own values are mine; those of other author ids of the person may be. */
function isMineSo(
  { mine }: Pick<Candidate, 'mine'>,
  {
    authorId,
    viewerId,
    truth,
  }: Pick<Viewing, 'viewerId' | 'truth'> & { authorId: string | undefined },
): boolean {
  if (authorId === undefined || authorId === viewerId) return mine
  return !mine || (viewerId !== undefined && truth.personOf(authorId) === truth.personOf(viewerId))
}
