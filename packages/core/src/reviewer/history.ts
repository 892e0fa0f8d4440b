/**
 * The history of one entity, for whoever asks: its messages as they were signed, with their
 * reviews, from the newest back. The space knows the changes of the entity by their seqs, and the
 * store has the texts. Changes of other entities are withheld.
 */
import { type Bytes, NO_BYTES, addBytes, bytesOf, utf8Bytes } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Write } from '../history/entry.ts'
import { type Limits, frameContentBytesMax } from '../message/limits.ts'
import type { Message, Review } from '../message/message.ts'
import type { Clock } from '../ports/clock.ts'
import type { ReviewerStore } from '../ports/reviewer-store.ts'
import { type HistoryEnd, type ReviewedMessage, historyFrame } from '../protocol/history.ts'
import { packMessages } from '../protocol/pack.ts'
import { type Run, readRun } from '../protocol/runs.ts'
import type { Connection } from './connection.ts'
import type { SpaceState } from './space.ts'

export interface HistoryParts {
  readonly space: SpaceState
  readonly spaceId: Uuid
  readonly store: ReviewerStore
  readonly clock: Clock
  readonly asOfSeq: number
  readonly limits: Limits
}

/** What a review and the frame around it take beside the message, at the most. */
const REVIEW_BYTES = bytesOf(512)

/**
 * One after the other for each link; what is asked for beyond the bound is asked for again.
 * Rejects when the store cannot be read.
 */
export async function tellHistory(
  connection: Connection,
  entityId: Uuid,
  parts: () => HistoryParts,
): Promise<void> {
  const { histories } = connection
  if (histories.has(entityId) || histories.size >= parts().limits.historiesMax) return
  histories.add(entityId)
  const told = connection.telling
    .then(() => sendHistory(connection, entityId, parts()))
    .finally(() => histories.delete(entityId))
  connection.telling = told.catch(() => {}) // whoever called hears of it; the next goes on
  await told
}

/** Sends the parts of one history, the newest first. */
async function sendHistory(
  connection: Connection,
  entityId: Uuid,
  parts: HistoryParts,
): Promise<void> {
  const { limits } = parts
  const page = new Page(connection, entityId, parts)
  const texts = new Texts(parts)
  let messages = 0
  let bytes = NO_BYTES
  let isCut = false
  for (const write of newestFirst(parts.space, entityId)) {
    if (connection.closed) return
    const told = toldOf(write, await texts.message(write))
    const size = sizeOf(told)
    isCut = messages >= limits.historyMessagesMax || bytes + size > limits.historyBytesMax
    if (isCut) break
    messages++
    bytes = addBytes(bytes, size)
    if (!page.fits(size)) {
      page.send('more')
      await connection.drained()
    }
    page.add(told, size)
  }
  page.send(isCut ? 'cut' : 'whole')
}

/** As of now: what is accepted meanwhile is not in this answer. */
function newestFirst(space: SpaceState, entityId: Uuid): readonly Write[] {
  return [...(space.entity(entityId)?.changes ?? [])].reverse()
}

/** The message with nothing in it of other entities. */
function toldOf({ entry, entityId, index }: Write, message: Message): ReviewedMessage {
  const { assigned: all, ...review } = entry.review!
  const changes = message.changes.map((change) =>
    change?.meta.entityId === entityId ? change : null,
  )
  const isGiven = Object.keys(all?.[index] ?? {}).length > 0
  const assigned = isGiven && all!.map((values, i) => (i === index ? values : {}))
  return {
    message: { ...message, changes },
    review: { ...review, ...(assigned && { assigned }) },
  }
}

function sizeOf({ message, review }: ReviewedMessage): Bytes {
  return addBytes(utf8Bytes(packMessages([message])), addBytes(assignedBytes(review), REVIEW_BYTES))
}

function assignedBytes({ assigned }: Review): Bytes {
  return assigned ? utf8Bytes(JSON.stringify(assigned)) : NO_BYTES
}

/** Messages as the store has them; neighbours of one run are read once. */
class Texts {
  readonly #parts: HistoryParts
  #run: Run | undefined

  constructor(parts: HistoryParts) {
    this.#parts = parts
  }

  async message({ entry }: Write): Promise<Message> {
    const { seq } = entry.review!
    const known = this.#of(seq)
    if (known) return known
    const { store, spaceId, clock } = this.#parts
    const [stored] = await store.readRuns(seq - 1, 1)
    const run = stored && readRun(JSON.parse(stored.text), spaceId)
    this.#run = run?.ok ? run.value : undefined
    const message = this.#of(seq)
    if (message?.id !== entry.id) throw new Error(`the stored message at seq ${seq} is damaged`)
    // A run takes milliseconds to read; offers must not wait for all of a history.
    await new Promise<void>((resolve) => void clock.after(0, resolve))
    return message
  }

  #of(seq: number): Message | undefined {
    if (this.#run?.body.kind !== 'messages') return undefined
    return this.#run.body.messages[seq - this.#run.fromSeq]
  }
}

/** One part, while it is filled; messages come newest first. */
class Page {
  readonly #connection: Connection
  readonly #entityId: Uuid
  readonly #asOfSeq: number
  #messages: ReviewedMessage[] = []
  #bytes = NO_BYTES
  readonly #bytesMax: number
  #part = 0

  constructor(connection: Connection, entityId: Uuid, { asOfSeq, limits }: HistoryParts) {
    this.#bytesMax = frameContentBytesMax(limits)
    this.#connection = connection
    this.#entityId = entityId
    this.#asOfSeq = asOfSeq
  }

  fits(bytes: Bytes): boolean {
    return this.#messages.length === 0 || this.#bytes + bytes <= this.#bytesMax
  }

  add(message: ReviewedMessage, bytes: Bytes): void {
    this.#messages.push(message)
    this.#bytes = addBytes(this.#bytes, bytes)
  }

  send(end: HistoryEnd): void {
    const about = { entityId: this.#entityId, asOfSeq: this.#asOfSeq, part: this.#part++, end }
    this.#connection.send(historyFrame(about, this.#messages.reverse()))
    this.#messages = []
    this.#bytes = NO_BYTES
  }
}
