/**
 * One message of a batch, extracted for the history of one entity: a batch of its own, with hashes
 * instead of lines that change other entities. A reader can verify its id, but not that it is in
 * the chain: for that it trusts the reviewer.
 */
import { type Outcome, fail } from '../base/outcome.ts'
import type { Uuid } from '../base/uuid.ts'
import { EntityNames } from '../facts/entity-names.ts'
import { messageId } from '../facts/hashes.ts'
import { headOf } from '../facts/head-line.ts'
import { parseLine, textOfLines } from '../facts/line.ts'
import { longId } from '../facts/ids.ts'
import { listOf, outcomeOf, refuse } from '../facts/malformed.ts'
import { changeAt, innerLineOf, isInner, outerLineOf } from '../facts/message-lines.ts'
import type { Change, Seen, Session } from '../facts/types.ts'
import type { BatchBounds } from './bounds.ts'
import { composeFirstLine } from './first-line.ts'
import { type BatchLayout, erasedText, layOut, startOf } from './layout.ts'
import type { FlushLayout } from './types.ts'
import { composeReview, reviewOf } from './review-line.ts'
import type { Assigned } from './types.ts'

/** An accepted message in the history of an entity. */
export interface ToldMessage {
  readonly seq: number
  /** The reviewer's clock, ms since 1970. */
  readonly at: number
  readonly id: Uuid
  readonly session: Session
  readonly seen: Seen
  readonly clientSeq: number
  /** The author's clock, ms since 1970. */
  readonly time: number
  /** Its change of the entity, and the index of that among its changes. */
  readonly change: Change
  readonly index: number
  /** Values that the reviewer assigned to that change. */
  readonly assigned: Assigned['values']
}

/** Extracts the message at a seq of a batch. Error: `invalid`, the batch does not have it. */
export function tellMessage(layout: BatchLayout, seq: number, entityId: Uuid): Outcome<string> {
  return outcomeOf(() => {
    const { flush, end } = flushWith(layout, seq)
    const { entry, places, session, head } = flush
    const start = startOf(places, end)
    const lines = places.slice(start, end + 1)
    const at = lines.findIndex(
      (place, i) =>
        (lines.length === 1 || i < lines.length - 1) && isOf(flush, place.line, entityId),
    )
    if (at < 0) refuse(`message ${seq} does not change ${entityId}`)
    const isShown = (i: number): boolean => i === at || i === lines.length - 1
    const first = composeFirstLine({
      fromSeq: seq,
      at: layout.first.at,
      flushes: [
        {
          places: lines.length,
          taken: [lines.length - 1],
          // The change of the entity has its line.
          names: nameIn(lines[at]!.line!, entityId),
          lineBefore: entry.lineBefore + start,
          hashBefore: places[start - 1]?.hash ?? entry.hashBefore,
        },
      ],
      reviewed: [],
    })
    const shown = lines.map(({ hash, line, isErased }, i) => {
      if (!isShown(i) || line === undefined) return `"${hash}"`
      return isErased ? erasedText(hash, line) : line
    })
    const given = assignedTo(layout, seq, at)
    return textOfLines([first, session.line, head, ...shown, ...given])
  })
}

/**
 * A line with the assigned values; it replaces the review, whose hash covers other entities too.
 */
function assignedTo(
  { first, reviews }: BatchLayout,
  seq: number,
  index: number,
): readonly string[] {
  const review = reviews.find(({ offset }) => first.fromSeq + offset === seq)?.review
  const assigned = review?.assigned.filter(({ change }) => change === index) ?? []
  if (!review || assigned.length === 0) return []
  return [composeReview({ bases: [], assigned, places: [], reads: [], salt: review.salt }).line]
}

/** The flush of a batch whose messages have that seq among them, and the place after its last one. */
export function flushWith(
  { first, flushes }: BatchLayout,
  seq: number,
): { readonly flush: FlushLayout; readonly end: number } {
  let from = first.fromSeq
  for (const flush of flushes) {
    const end = flush.entry.taken[seq - from]
    if (end !== undefined) return { flush, end }
    from += flush.entry.taken.length
  }
  return refuse(`the batch does not have message ${seq}`)
}

/** Whether a line of a change names the entity, by id or by the number of an earlier line. */
function isOf({ places, entry }: FlushLayout, line: string | undefined, entityId: Uuid): boolean {
  if (line === undefined) return false
  const named = entityIn(line)
  if (typeof named !== 'number') return longId(named, 'entity') === entityId
  const listed = entry.names.find((name) => name.line === named)
  if (listed) return listed.entityId === entityId
  const spelling = places[named - entry.lineBefore]?.line
  return spelling !== undefined && longId(entityIn(spelling), 'entity') === entityId
}

/** The entity in a line: the second element of its change. */
function entityIn(line: string): unknown {
  const list = parseLine(line, 'line of a batch', 'verified')
  const [change] = isInner(list) ? list : listOf(list[2], 'changes', { min: 1, max: 1 })
  return listOf(change, 'change', { min: 4, max: 8 })[1]
}

function nameIn(
  line: string,
  entityId: Uuid,
): { readonly line: number; readonly entityId: Uuid }[] {
  const named = entityIn(line)
  return typeof named === 'number' ? [{ line: named, entityId }] : []
}

/** Parses a message of an entity's history. Never throws. Errors: `invalid`, `too_large`. */
export function readTold(
  text: string,
  { space, entityId, bounds }: { space: Uuid; entityId: Uuid; bounds: BatchBounds },
): Outcome<ToldMessage> {
  const { batch, given } = partsOf(text)
  if (batch === undefined) return fail('invalid', 'a message of a history ends early')
  return outcomeOf(() => {
    const layout = layOut(batch, [], bounds)
    const [flush, ...more] = layout.flushes
    if (!flush || more.length > 0 || flush.entry.taken.length !== 1)
      return refuse('a history entry must have one message')
    return toldIn(flush, { layout, given, space, entityId, bounds })
  })
}

/** Splits off the batch, and the line of assigned values if there is one. */
function partsOf(text: string): { readonly batch: string | undefined; readonly given?: string } {
  const lines = text.split('\n')
  const first = outcomeOf(() => parseLine(lines[0] ?? '', 'first line'))
  const flushes = first.ok ? (first.value[3] as unknown) : undefined
  const places: unknown = Array.isArray(flushes) ? (flushes[0] as unknown[] | undefined)?.[0] : 0
  const count = typeof places === 'number' ? places + 3 : 0
  if (count < 4 || lines.length < count || lines.length > count + 1) return { batch: undefined }
  const given = lines[count]
  return {
    batch: lines.slice(0, count).join('\n'),
    ...(given !== undefined && { given }),
  }
}

function toldIn(
  { session, head: headLine, places, entry }: FlushLayout,
  {
    layout,
    given,
    space,
    entityId,
    bounds,
  }: {
    readonly layout: BatchLayout
    readonly given: string | undefined
    readonly space: Uuid
    readonly entityId: Uuid
    readonly bounds: BatchBounds
  },
): ToldMessage {
  if (session.facts.space !== space) refuse('a history of another space')
  const head = headOf(headLine, session.facts, bounds)
  const entities = new EntityNames()
  for (const name of entry.names) entities.spell(name.line, name.entityId)
  const mayBeRedacted = places.some(({ isErased }) => isErased)
  const context = { session: session.facts, head, entities, bounds, mayBeRedacted }
  // A flush has at least one place.
  const last = places.at(-1)!
  const outer = outerLineOf(parsed(last.line), context)
  if (outer.inner !== places.length - 1) refuse('a history with a part of a message')
  const index = places.length === 1 ? 0 : places.findIndex(({ line }) => line !== undefined)
  const source = places.length === 1 ? outer : innerLineOf(parsed(places[index]?.line))
  const line = entry.lineBefore + index
  const change = changeAt(line, { change: source.change, clientSeq: outer.clientSeq }, context)
  if (change.entityId !== entityId) refuse('a history with a message of another entity')
  return {
    seq: layout.first.fromSeq,
    at: layout.first.at,
    id: messageId(last.hash),
    session,
    seen: head.seen,
    clientSeq: outer.clientSeq,
    time: outer.time,
    change,
    index,
    assigned: given === undefined ? {} : givenIn(given, index, bounds),
  }
}

function parsed(line: string | undefined): readonly unknown[] {
  return line === undefined
    ? refuse('a history without the line of its change')
    : parseLine(line, 'line of a history')
}

function givenIn(line: string, index: number, bounds: BatchBounds): Assigned['values'] {
  const { assigned } = reviewOf(line, bounds, true)
  return assigned.find(({ change }) => change === index)?.values ?? {}
}
