/**
 * Composes the text of a batch from judged flushes. One batch has several forms with the same
 * chain: for the log, for an author (hashes instead of own messages), and after an erasure
 * (`erase-batch.ts`).
 */
import type { Hash } from '../base/hash.ts'
import { type Outcome, fail, ok } from '../base/outcome.ts'
import { isLongerThan } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import { textOfLines } from '../facts/line.ts'
import type { Message, Session } from '../facts/types.ts'
import { BATCH_BOUNDS, type BatchBounds } from './bounds.ts'
import { type FlushEntry, type NamedLine, composeFirstLine } from './first-line.ts'
import { reviewHash } from './hashes.ts'
import {
  type BatchLayout,
  type ReviewLayout,
  acceptedHashes,
  chainOfLayout,
  erasedText,
  startOf,
} from './layout.ts'
import { composeReview, reviewSizeFault } from './review-line.ts'
import type { FlushLayout, JudgedFlush, Place } from './types.ts'

/** The decisions of a reviewer in one commit. At least one message of each flush is accepted. */
export interface BatchDraft {
  readonly fromSeq: number
  /** The reviewer's clock, ms since 1970. */
  readonly at: number
  readonly judged: readonly JudgedFlush[]
}

/** The form of a batch for one audience. */
export interface BatchForm {
  /** The number of a session if the audience has its line; undefined sends the line. */
  readonly sessionNo: (session: Session) => number | undefined
  /** Whether the hash replaces a line of an accepted message; lines count from 0 in the message. */
  readonly hides?: (
    message: { readonly seq: number; readonly session: Session },
    line: number,
  ) => boolean
}

/** A composed batch: the parts of its text, its last seq, and the chain after it. */
export interface ComposedBatch {
  readonly layout: BatchLayout
  readonly throughSeq: number
  readonly chain: Hash
}

/**
 * Composes the layout of a batch after `before`, the chain so far. `textOfBatch` writes its texts.
 * Error: `too_large`, a review exceeds its bounds.
 */
export function composeBatch(
  { fromSeq, at, judged }: BatchDraft,
  before: Hash,
  bounds: BatchBounds = BATCH_BOUNDS,
): Outcome<ComposedBatch> {
  const flushes = judged.map((one) => one.layout ?? flushLayout(one))
  const reviews = reviewLayouts(judged, acceptedHashes(flushes), bounds)
  if (!reviews.ok) return reviews
  const first = {
    fromSeq,
    at,
    flushes: flushes.map(({ entry }) => entry),
    reviewed: reviews.value.map(({ offset }) => offset),
  }
  const firstText = composeFirstLine(first)
  const layout = { firstText, first, flushes, reviews: reviews.value, newSessions: [] }
  const accepted = flushes.reduce((sum, { entry }) => sum + entry.taken.length, 0)
  return ok({
    layout,
    throughSeq: fromSeq + accepted - 1,
    chain: chainOfLayout(layout, before),
  })
}

function flushLayout({ session, flush, first, end, verdicts }: JudgedFlush): FlushLayout {
  const starts = startsOf(flush.messages)
  const [from, to] = [starts[first]!, starts[end]!]
  const places: Place[] = []
  const taken: number[] = []
  for (const [i, { accepted }] of verdicts.entries()) {
    for (let line = starts[first + i]!; line < starts[first + i + 1]!; line++)
      places.push({
        hash: flush.hashes.lines[line]!,
        ...(accepted && { line: flush.text.lines[line]! }),
      })
    if (accepted) taken.push(places.length - 1)
  }
  const entry: FlushEntry = {
    places: to - from,
    taken,
    names: namesOf({ session, flush, first, end, verdicts }, starts),
    lineBefore: from,
    hashBefore: flush.hashes.lines[from - 1] ?? '',
  }
  return { entry, session, head: flush.text.head, headHash: flush.hashes.head, places }
}

/** The number of the first line of each message, and of the line after the last. */
function startsOf(messages: readonly Message[]): readonly number[] {
  const starts = [0]
  let next = 0
  for (const { salts } of messages) starts.push((next += salts.length))
  return starts
}

/**
 * The entities of lines that a reader does not get, if an accepted message names them by number.
 */
function namesOf(
  { flush, first, verdicts }: JudgedFlush,
  starts: readonly number[],
): readonly NamedLine[] {
  const isWhole = verdicts.length === flush.messages.length
  if (isWhole && verdicts.every(({ accepted }) => accepted)) return []
  const spelled = new Map<Uuid, { readonly line: number; readonly hidden: boolean }>()
  const names = new Map<number, Uuid>()
  for (const [i, { changes, expect = [] }] of flush.messages.entries()) {
    const hidden = !verdicts[i - first]?.accepted
    for (const [no, { entityId }] of changes.entries())
      if (!spelled.has(entityId)) spelled.set(entityId, { line: starts[i]! + no, hidden })
    if (hidden) continue
    for (const { entityId } of [...changes, ...expect]) {
      const at = spelled.get(entityId)
      if (at?.hidden) names.set(at.line, entityId)
    }
  }
  return [...names]
    .map(([line, entityId]) => ({ line, entityId }))
    .toSorted((a, b) => a.line - b.line)
}

function reviewLayouts(
  judged: readonly JudgedFlush[],
  hashes: readonly Hash[],
  bounds: BatchBounds,
): Outcome<readonly ReviewLayout[]> {
  const accepted = judged.flatMap(({ verdicts }) => verdicts.filter((item) => item.accepted))
  const reviews: ReviewLayout[] = []
  for (const [offset, { review }] of accepted.entries()) {
    if (!review) continue
    const text = composeReview(review)
    const fault = reviewSizeFault(text, bounds)
    if (fault) return fail('too_large', fault)
    const place = { hash: reviewHash(hashes[offset]!, text.line), line: text.line }
    reviews.push({ offset, place, review, values: text.values })
  }
  return ok(reviews)
}

/** The text of a batch in one form. Error: `too_large`, it exceeds the bound of a batch. */
export function textOfBatch(
  { firstText, first, flushes, reviews }: BatchLayout,
  form: BatchForm,
  bounds: BatchBounds = BATCH_BOUNDS,
): Outcome<string> {
  const lines = [firstText]
  let seq = first.fromSeq
  for (const flush of flushes) {
    const no = form.sessionNo(flush.session)
    lines.push(no === undefined ? flush.session.line : String(no), flush.head)
    const hidden = hiddenPlaces(flush, seq, form)
    lines.push(...flush.places.map((place, at) => placeText(place, hidden.has(at))))
    seq += flush.entry.taken.length
  }
  for (const { place, values } of reviews)
    lines.push(...[place, ...values].map((each) => placeText(each, false)))
  const text = textOfLines(lines)
  return isLongerThan(text, bounds.batchBytesMax)
    ? fail('too_large', `a batch has at most ${bounds.batchBytesMax} bytes; commit fewer messages`)
    : ok(text)
}

/** The places of a flush that the form hides; its first accepted message has seq `fromSeq`. */
function hiddenPlaces(
  { session, entry, places }: FlushLayout,
  fromSeq: number,
  { hides }: BatchForm,
): ReadonlySet<number> {
  const hidden = new Set<number>()
  if (!hides) return hidden
  let before = -1
  for (const [i, end] of entry.taken.entries()) {
    // The line is parsed only where others may belong to the message.
    const start = end === before + 1 ? end : startOf(places, end)
    before = end
    for (let at = start; at <= end; at++)
      if (hides({ seq: fromSeq + i, session }, at - start)) hidden.add(at)
  }
  return hidden
}

function placeText({ hash, line, isErased }: Place, hidden: boolean): string {
  if (hidden || line === undefined) return `"${hash}"`
  return isErased ? erasedText(hash, line) : line
}
