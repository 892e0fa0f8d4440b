/**
 * Invariants of the history of a row (S26): its accepted messages are a part of the reviewer's, without gaps
 * and in its order; its waiting and refused ones are the store's own; it has each message once, with its
 * author and its values.
 */
import type { History, HistoryEntry } from '@countersign/core'
import { isDeepStrictEqual } from 'node:util'
import { UNSET } from '../../model/oracle.ts'
import type { EntityHistory, Fact } from '../facts.ts'
import { PLAIN, type Reading, asOracle } from '../reading.ts'
import type { Truth } from '../truth.ts'
import { must } from '../violation.ts'

export interface Asked {
  readonly truth: Truth
  readonly history: EntityHistory
  /** The reading of its store: at the request, and at the answer. */
  readonly readings: readonly Reading[]
  /** Who asks. */
  readonly authorId: string
  /** What the store had when it asked; the answer has that, too. */
  readonly seq: number
  /** Maximum accepted messages of a history. */
  readonly toldMax: number
  /** Whether the bytes of an answer have a small bound. */
  readonly isBySize: boolean
  /** Whether its device has lost messages: the store itself blocks those that depend on them. */
  readonly hasLost: boolean
}

const ARCHIVED = '$archived'
const STATES = ['accepted', 'pending', 'rejected', 'blocked'] as const

export function s26History({ entries, complete }: History, asked: Asked): void {
  const { history } = asked
  const { name } = history
  const [accepted = [], pending = [], ...refused] = STATES.map((state) =>
    entries.filter((entry) => entry.state === state),
  )
  must(
    [...accepted, ...pending].every((entry, at) => entries[at] === entry),
    'S26',
    () => `the history of ${name} is in the order ${entries.map(({ state }) => state).join(' ')}`,
  )
  const ids = entries.map(({ messageId }) => messageId)
  const twice = ids.find((id, at) => ids.indexOf(id) !== at)
  must(twice === undefined, 'S26', () => `${nameIn(asked, twice!)} is twice in that of ${name}`)
  gapless(accepted, complete, asked)
  for (const entry of accepted) {
    ofItsMessage(entry, asked.truth.facts.get(entry.messageId)!, asked)
    reviewed(entry, complete, asked)
  }
  for (const entry of [...pending, ...refused.flat()]) own(entry, asked)
}

/** From the first message, or from where it says that older ones were left out, to some seq. */
function gapless(
  accepted: readonly HistoryEntry[],
  complete: boolean,
  { truth, history, seq, toldMax, isBySize }: Asked,
): void {
  const facts = history.within(history.acceptedAt(truth.seq)).sort((a, b) => a.seq! - b.seq!)
  const wanted = facts.map(({ message }) => message.id)
  const told = accepted.map(({ messageId }) => messageId)
  const from = complete || told.length === 0 ? 0 : wanted.indexOf(told[0]!)
  must(
    told.join() === wanted.slice(from, from + told.length).join(),
    'S26',
    () =>
      `the history of ${history.name} is ${told.map((id) => truth.facts.nameOf(id)).join(' ')}, and not a part of ${facts.map(({ name }) => name).join(' ')}`,
  )
  const left = facts[from + told.length]
  must(
    left === undefined || left.seq! > seq,
    'S26',
    () => `the history of ${history.name} lacks ${left!.name}, and its store is at ${seq}`,
  )
  must(
    complete || isBySize ? told.length <= toldMax : told.length === toldMax,
    'S26',
    () =>
      `the history of ${history.name} has ${told.length} accepted messages, complete: ${complete}`,
  )
}

/** The fields of each entry. */
function ofItsMessage(entry: HistoryEntry, fact: Fact, { history, readings }: Asked): void {
  const { message } = fact
  const change = message.changes.find(({ entityId }) => entityId === history.id)!
  const { kind, schemaVersion } = change.shape
  must(
    entry.authorId === message.session.facts.authorId &&
      entry.timestamp === message.time &&
      entry.kind === kind &&
      entry.version === schemaVersion,
    'S26',
    () => `the history of ${history.name} has ${fact.name} as ${JSON.stringify(entry)}`,
  )
  must(
    readings.some((reading) => isReadBy(reading, entry, fact, history)),
    'S26',
    () =>
      `${fact.name} wrote ${JSON.stringify(change.values)} to ${history.name}, its history says ${JSON.stringify(entry.values)}`,
  )
}

function isReadBy(
  reading: Reading,
  { values }: HistoryEntry,
  fact: Fact,
  history: EntityHistory,
): boolean {
  const isAlike = Object.entries(values).every(([field, value]) => {
    // No version has it as a field.
    const given = (field === ARCHIVED ? PLAIN : reading).given(fact, history, field)
    return isDeepStrictEqual(asOracle(value), given === UNSET ? undefined : given)
  })
  if (reading !== PLAIN) return isAlike
  const { set } = fact.oracle.changes.find(({ entity }) => entity === history.id)!
  return isAlike && Object.keys(set).every((field) => field in values)
}

function reviewed(
  { messageId, orderKey, forked, reviewerId, reviewedAt }: HistoryEntry,
  complete: boolean,
  { truth, history }: Asked,
): void {
  const fact = truth.facts.get(messageId)!
  const seq = Number.parseInt(orderKey!.split('.')[1]!, 16)
  must(
    seq === fact.seq && reviewerId !== null && reviewedAt !== undefined,
    'S26',
    () =>
      `${fact.name} was accepted at ${fact.seq}, the history of ${history.name} says ${orderKey}`,
  )
  const { parents } = fact.oracle.changes.find(({ entity }) => entity === history.id)!
  const before = history.acceptedAt(fact.seq! - 1)
  const seen = history.closure(parents)!
  const heads = before === 0n ? [] : history.expected(before).heads
  const isForked = heads.some((head) => (seen & history.bitOf(head)) === 0n)
  // The message that it was concurrent with may be omitted.
  must(
    complete ? forked === isForked : isForked || !forked,
    'S26',
    () => `the history of ${history.name} says of ${fact.name} that it is forked: ${forked}`,
  )
}

/** A message without a review: of the author who asks, and with no other known verdict. */
function own(entry: HistoryEntry, asked: Asked): void {
  const { truth, history, authorId, hasLost } = asked
  const { messageId, state, reason } = entry
  const what = (): string => `${nameIn(asked, messageId)} of ${history.name}`
  must(entry.orderKey === undefined && !entry.forked, 'S26', () => `${what()} has no review yet`)
  // A message that is in memory only is unknown to all others.
  const fact = truth.facts.get(messageId)
  if (!fact) {
    must(entry.authorId === authorId, 'S26', () => `${what()} is of another author`)
    return
  }
  ofItsMessage(entry, fact, asked)
  if (state !== 'rejected' && state !== 'blocked') return
  must(
    reason === 'damaged' || (state === 'blocked' && hasLost) || truth.isRefused(messageId),
    'S26',
    () => `${what()} is ${state}, and the reviewer has not refused it`,
  )
}

function nameIn({ truth }: Asked, id: string): string {
  return truth.facts.nameOf(id)
}
