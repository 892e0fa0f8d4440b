/**
 * Reads a batch as a follower of a whole space. A hash may replace an accepted message only if the
 * message is the reader's own. What an erasure has left is read from a reviewer's own log alone, as the
 * chain does not vouch for it. The signature of a position covers the resulting chain, and the caller
 * compares it before it applies anything.
 */
import type { Hash } from '../base/hash.ts'
import type { Outcome } from '../base/outcome.ts'
import type { Uuid } from '../base/uuid.ts'
import type { FlushContext } from '../facts/change.ts'
import { EntityNames } from '../facts/entity-names.ts'
import { messageId } from '../facts/hashes.ts'
import { headOf } from '../facts/head-line.ts'
import { lineCount, parseLine } from '../facts/line.ts'
import { outcomeOf, refuse } from '../facts/malformed.ts'
import { type InnerLine, innerLineOf, messageOf, outerLineOf } from '../facts/message-lines.ts'
import type { Message, Session } from '../facts/types.ts'
import { BATCH_BOUNDS, type BatchBounds } from './bounds.ts'
import { firstLineOf } from './first-line.ts'
import { NO_CHAIN } from './hashes.ts'
import { type BatchLayout, chainOfLayout, layOut, startOf } from './layout.ts'
import { type Epoch, epochOf, isRecord, recordIn, textOfRecord } from './records.ts'
import { baseValueOf, reviewSizeFault } from './review-line.ts'
import type { Accepted, Batch, FlushLayout, Review } from './types.ts'

/** The reader's state before the batch. */
export interface BatchContext {
  readonly space: Uuid
  /** The position that the batch continues. */
  readonly before: { readonly seq: number; readonly chain: Hash }
  /** Sessions by their number. */
  readonly sessions: readonly Session[]
  /** An own message by its hash. */
  readonly own: (hash: Hash) => OwnMessage | undefined
  /** Whether values may be erased: in a log that the reader trusts. Default: false. */
  readonly mayBeErased?: boolean
  readonly bounds?: BatchBounds
}

/** A message that the reader has already, needed to read a batch. */
export interface OwnMessage {
  readonly changes: readonly { readonly entityId: Uuid }[]
}

/** Reads an untrusted batch, or a record in its place. Never throws. Errors: `invalid`, `too_large`. */
export function readBatch(text: string, context: BatchContext): Outcome<Batch> {
  return outcomeOf(() => batchOf(text, context))
}

/**
 * The chain after a batch, for a reader that may not see every line: any place may be a hash. Never
 * throws. Errors: `invalid`, `too_large`.
 */
export function chainOfBatch(
  text: string,
  { before, sessions, bounds = BATCH_BOUNDS }: Pick<BatchContext, 'before' | 'sessions' | 'bounds'>,
): Outcome<Hash> {
  return outcomeOf(() => chainOfLayout(layOut(text, sessions, bounds), before.chain))
}

/** The seqs of a batch, from its first line alone. Never throws. Errors as above. */
export function spanOfBatch(
  text: string,
  bounds: BatchBounds = BATCH_BOUNDS,
): Outcome<{ readonly fromSeq: number; readonly throughSeq: number }> {
  return outcomeOf(() => {
    if (isRecord(text)) {
      const { seq } = recordIn(text)
      return { fromSeq: seq, throughSeq: seq }
    }
    const lines = lineCount(text)
    const end = lines === 1 ? text.length : text.indexOf('\n')
    const { fromSeq, flushes } = firstLineOf(text.slice(0, end), lines, bounds)
    const count = flushes.reduce((sum, { taken }) => sum + taken.length, 0)
    return { fromSeq, throughSeq: fromSeq + count - 1 }
  })
}

/** The layout of a batch, to write other forms of it. Never throws. Errors as above. */
export function readLayout(
  text: string,
  sessions: readonly Session[],
  bounds: BatchBounds = BATCH_BOUNDS,
): Outcome<BatchLayout> {
  return outcomeOf(() => layOut(text, sessions, bounds))
}

function batchOf(text: string, context: BatchContext): Batch {
  if (!isRecord(text)) return messageBatch(text, context)
  const read = recordIn(text)
  return read.kind === 'epoch' ? epochBatch(epochOf(read), context) : redactBatch(text, context)
}

/** A record of an erasure, which stands in the place of a batch. */
function redactBatch(text: string, { before }: BatchContext): Batch {
  const { record: redact, chain } = textOfRecord(text, before.chain)
  const { seq, at } = redact
  if (redact.kind !== 'redact') return refuse('redact: another record')
  if (seq !== before.seq + 1) refuse(`redact: its seq is ${seq}, expected is ${before.seq + 1}`)
  return { fromSeq: seq, throughSeq: seq, at, accepted: [], newSessions: [], chain, redact }
}

/** The record of an epoch, which takes the place of a batch. */
function epochBatch(epoch: Epoch, { before, space }: BatchContext): Batch {
  const { seq, prev, at, chain } = epoch
  if (seq !== before.seq + 1) refuse(`epoch: its seq is ${seq}, expected is ${before.seq + 1}`)
  if (epoch.space !== space) refuse('epoch: of another space')
  if (before.chain !== NO_CHAIN && prev?.chain !== before.chain)
    refuse('epoch: it continues another chain')
  return { fromSeq: seq, throughSeq: seq, at, accepted: [], newSessions: [], chain, epoch }
}

function messageBatch(text: string, context: BatchContext): Batch {
  const bounds = context.bounds ?? BATCH_BOUNDS
  const layout = layOut(text, context.sessions, bounds)
  const { first, flushes, newSessions } = layout
  if (first.fromSeq !== context.before.seq + 1)
    refuse(`batch: it starts at ${first.fromSeq}, expected is ${context.before.seq + 1}`)
  const messages: Accepted[] = []
  for (const flush of flushes)
    messages.push(
      ...new FlushReader(flush, context, bounds).accepted(first.fromSeq + messages.length),
    )
  return {
    fromSeq: first.fromSeq,
    throughSeq: first.fromSeq + messages.length - 1,
    at: first.at,
    accepted: withReviews(messages, layout, bounds),
    newSessions,
    chain: chainOfLayout(layout, context.before.chain),
  }
}

/** Reads the accepted messages of one flush of a batch. */
class FlushReader {
  readonly #flush: FlushLayout
  readonly #context: BatchContext
  readonly #lines: FlushContext
  /** Places that belong to accepted messages. */
  readonly #read = new Set<number>()
  /** Number of names of the first line recorded so far. */
  #named = 0
  /** The line that was parsed last. */
  #last: { readonly at: number; readonly list: readonly unknown[] } | undefined

  constructor(flush: FlushLayout, context: BatchContext, bounds: BatchBounds) {
    const { session, head } = flush
    if (session.facts.space !== context.space) refuse('batch: a session of another space')
    this.#flush = flush
    this.#context = context
    this.#lines = {
      session: session.facts,
      head: headOf(head, session.facts, bounds),
      entities: new EntityNames(),
      bounds,
    }
  }

  accepted(fromSeq: number): readonly Accepted[] {
    const { entry, places } = this.#flush
    const accepted = entry.taken.map((end, i) => this.#acceptedAt(end, fromSeq + i))
    if (places.some(({ line }, at) => line !== undefined && !this.#read.has(at)))
      refuse('batch: a line that belongs to no accepted message')
    return accepted
  }

  #acceptedAt(end: number, seq: number): Accepted {
    const { session, places } = this.#flush
    const { hash } = places[end]!
    this.#spellNamesBefore(end)
    const { seen } = this.#lines.head
    const base = { seq, id: messageId(hash), hash, session, seen, review: null }
    const own = this.#ownAt(end)
    if (own) return { ...base, isOwn: true, message: null }
    const start = startOf(places, end, () => this.#parsed(end))
    let isErased = false
    for (let at = start; at <= end; at++) {
      this.#take(at)
      const place = places[at]! // `end` is a place, too
      if (place.line === undefined)
        refuse(`batch: line ${at - start} of message ${seq} is a hash, and not of an own message`)
      isErased ||= place.isErased === true
    }
    if (isErased && !this.#context.mayBeErased)
      refuse(`batch: values of message ${seq} are erased, which no reader of a tail takes`)
    return { ...base, isOwn: false, message: this.#message(start, end, isErased) }
  }

  /** Records names in the order of their lines: a name counts for the messages after its line. */
  #spellNamesBefore(at: number): void {
    const { names, lineBefore } = this.#flush.entry
    for (; this.#named < names.length; this.#named++) {
      const { line, entityId } = names[this.#named]!
      if (line >= lineBefore + at) return
      this.#lines.entities.spell(line, entityId)
    }
  }

  #take(at: number): void {
    if (this.#read.has(at)) refuse('batch: one line belongs to two messages')
    this.#read.add(at)
  }

  /** The own message whose last line is a hash here; its other lines may be lines or hashes. */
  #ownAt(end: number): OwnMessage | undefined {
    const { places, entry } = this.#flush
    const { hash, line } = places[end]!
    const own = line === undefined ? this.#context.own(hash) : undefined
    if (!own) return undefined
    const { changes } = own
    const start = changes.length === 1 ? end : end - changes.length
    if (start < 0) refuse('batch: an own message starts before its part of the flush')
    for (let at = start; at <= end; at++) this.#take(at)
    for (const [i, { entityId }] of changes.entries())
      this.#lines.entities.spell(entry.lineBefore + start + i, entityId)
    return own
  }

  #message(start: number, end: number, mayBeRedacted: boolean): Message {
    const context = mayBeRedacted ? { ...this.#lines, mayBeRedacted } : this.#lines
    const inner: InnerLine[] = []
    for (let at = start; at < end; at++) inner.push(innerLineOf(this.#parsed(at)))
    return messageOf(outerLineOf(this.#parsed(end), context), inner, {
      line: this.#flush.entry.lineBefore + end,
      context,
    })
  }

  /** Kept for the next call: the last line of a message determines its start and its kind. */
  #parsed(at: number): readonly unknown[] {
    if (this.#last?.at !== at) {
      // Called for places that have a line.
      const list = parseLine(this.#flush.places[at]!.line!, 'line of a batch', 'verified')
      this.#last = { at, list }
    }
    return this.#last.list
  }
}

function withReviews(
  accepted: readonly Accepted[],
  { reviews }: BatchLayout,
  bounds: BatchBounds,
): readonly Accepted[] {
  const all = [...accepted]
  for (const { offset, place, review, values } of reviews) {
    const of = all[offset]!
    if (!review) {
      if (of.message || of.isOwn)
        refuse(`batch: the review of message ${of.seq} is a hash, and its lines are not`)
      continue
    }
    // A parsed review has a line.
    const fault = reviewSizeFault({ line: place.line!, values }, bounds)
    if (fault) refuse(fault, 'too_large')
    checkReview(review, of)
    let next = 0
    const bases = review.bases.map((base) => {
      if (base.valueHash === undefined) return base
      const line = values[next++]!.line
      return line === undefined ? base : { ...base, value: baseValueOf(line, bounds) }
    })
    all[offset] = { ...of, review: { ...review, bases } }
  }
  return all
}

/** Checks a review against its message, if the reader has that. @throws Malformed */
function checkReview({ bases, assigned }: Review, { seq, message }: Accepted): void {
  if (bases.some((base) => base.seq !== null && base.seq >= seq))
    refuse(`batch: a base of message ${seq} is not before it`)
  if (!message) return
  for (const { change, reg } of bases)
    if (message.changes[change]?.shape.regs[reg] === undefined)
      refuse(`batch: a base of message ${seq} names a register that it does not write`)
  for (const { change, values } of assigned) {
    const shape = message.changes[change]?.shape
    if (shape?.kind !== 'create' || shape.regs.some((reg) => Object.hasOwn(values, reg)))
      refuse(`batch: message ${seq} has assigned values outside its creates`)
  }
}
