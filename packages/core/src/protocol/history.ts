/**
 * The history of one entity on the wire: its messages with their reviews, in parts. Parts come
 * newest first, so that what does not fit is the oldest; inside a part the order is canonical.
 * An answer is a fact as of a seq of the reviewer, and its parts are told apart by it.
 *
 *   history   [entity, as of seq, part no, end, packed messages, epochs, reviews]
 *   end       0: more parts follow   1: the last, all is told   2: the last, older ones are left out
 *   epochs    list of [reviewer, eid, epoch]
 *   review    [epoch no, seq, time, forked, assigned?]   aligned with the messages
 */
import { type Outcome, fail, ok } from '../base/outcome.ts'
import type { Json } from '../base/json.ts'
import { type Uuid, isUuid } from '../base/uuid.ts'
import type { Message, Review } from '../message/message.ts'
import { isCount } from '../message/parse.ts'
import { itemAt } from './item-at.ts'
import { packMessages, unpackMessages } from './pack.ts'
import { packAssigned, readAssigned } from './runs.ts'

/** One message of an entity's history. Its changes of other entities are withheld. */
export interface ReviewedMessage {
  readonly message: Message
  readonly review: Review
}

/** Whether more parts follow, and if not, whether the history is whole. */
export type HistoryEnd = 'more' | 'whole' | 'cut'

const ENDS: readonly HistoryEnd[] = ['more', 'whole', 'cut']

/** A part as it stands on the wire; its messages are read by `readHistory`. */
export interface HistoryPart {
  readonly entityId: Uuid
  readonly asOfSeq: number
  readonly part: number
  readonly end: HistoryEnd
  readonly packed: unknown
  readonly epochs: unknown
  readonly reviews: unknown
}

export function askHistoryFrame(entityId: Uuid): string {
  return JSON.stringify(['history', entityId])
}

/** `messages` in canonical order. */
export function historyFrame(
  about: Pick<HistoryPart, 'entityId' | 'asOfSeq' | 'part' | 'end'>,
  messages: readonly ReviewedMessage[],
): string {
  const epochs: Json[] = []
  const numbers = new Map<Uuid, number>()
  const reviews = messages.map(({ review }): Json => {
    let no = numbers.get(review.eid)
    if (no === undefined) {
      no = epochs.push([review.reviewerId, review.eid, review.epoch]) - 1
      numbers.set(review.eid, no)
    }
    const packed: Json[] = [no, review.seq, review.at, review.forked ? 1 : 0]
    if (review.assigned) packed.push(packAssigned(review.assigned))
    return packed
  })
  const { entityId, asOfSeq, part, end } = about
  const packed = packMessages(messages.map(({ message }) => message))
  return (
    `["history","${entityId}",${asOfSeq},${part},${ENDS.indexOf(end)},${packed},` +
    `${JSON.stringify(epochs)},${JSON.stringify(reviews)}]`
  )
}

/** The frame without its kind, as a part; its inner JSON is not looked at. */
export function readHistoryPart(frame: readonly unknown[]): HistoryPart | undefined {
  const [, entityId, asOfSeq, part, endNo, packed, epochs, reviews] = frame
  const end = itemAt(ENDS, endNo)
  if (!isUuid(entityId) || !isCount(asOfSeq) || !isCount(part) || !end) return undefined
  return { entityId, asOfSeq, part, end, packed, epochs, reviews }
}

/** The messages of a part, in canonical order. Never throws. */
export function readHistory(
  { entityId, packed, epochs, reviews }: HistoryPart,
  space: Uuid,
): Outcome<readonly ReviewedMessage[]> {
  const messages = unpackMessages(packed, space)
  if (!messages.ok) return messages
  const terms = Array.isArray(epochs) ? epochs.map(readEpoch) : [undefined]
  if (terms.some((term) => term === undefined)) return fail('malformed', 'a history of no epoch')
  if (!Array.isArray(reviews) || reviews.length !== messages.value.length)
    return fail('malformed', 'a history without its reviews')
  const read: ReviewedMessage[] = []
  for (const [i, message] of messages.value.entries()) {
    if (!message.changes.some((change) => change?.meta.entityId === entityId))
      return fail('malformed', 'a history with a message of something else')
    const review = readReview(reviews[i], { terms, message })
    if (typeof review === 'string') return fail('malformed', review)
    read.push({ message, review })
  }
  return ok(read)
}

type Term = Pick<Review, 'reviewerId' | 'eid' | 'epoch'>

function readEpoch(packed: unknown): Term | undefined {
  const [reviewerId, eid, epoch] = Array.isArray(packed) ? (packed as unknown[]) : []
  return isUuid(reviewerId) && isUuid(eid) && isCount(epoch)
    ? { reviewerId, eid, epoch }
    : undefined
}

function readReview(
  packed: unknown,
  { terms, message }: { terms: readonly (Term | undefined)[]; message: Message },
): Review | string {
  const [no, seq, at, forked, values] = Array.isArray(packed) ? (packed as unknown[]) : []
  const term = itemAt(terms, no)
  if (!term || !isCount(seq) || !isCount(at)) return 'a history with a review of no place'
  const assigned = values === undefined ? undefined : readAssigned(values, message)
  if (typeof assigned === 'string') return assigned
  return { ...term, seq, at, forked: forked === 1, ...(assigned && { assigned }) }
}
