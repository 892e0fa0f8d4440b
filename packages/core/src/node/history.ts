/**
 * Sends the history of one entity: its messages as they were signed, with their reviews, the newest
 * first. The store has the seqs of the changes of the entity, and the texts. Changes of other
 * entities are withheld.
 */
import { type Bytes, NO_BYTES, addBytes, bytesOf, utf8Bytes } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import { type Limits, frameContentBytesMax } from '../facts/limits.ts'
import type { Lineage } from '../history/lineage.ts'
import type { Epoch } from '../wire/records.ts'
import type { Clock } from '../ports/clock.ts'
import { lineCount } from '../facts/line.ts'
import { type HistoryEnd, type Term, reviewerFrame } from '../wire/frames.ts'
import type { BatchLayout } from '../wire/layout.ts'
import { historyBytes } from '../wire/signed.ts'
import { tellMessage } from '../wire/told.ts'
import type { Answer } from './answer.ts'
import type { Connection } from './connection.ts'
import type { SpaceSource } from './source.ts'

export interface HistoryParts {
  readonly source: SpaceSource
  readonly lineage: Lineage
  readonly clock: Clock
  readonly asOfSeq: number
  readonly limits: Limits
  readonly sign: (bytes: Uint8Array) => Promise<string>
  /** Whether the person of the link may read the entity. */
  readonly mayAsk: () => Promise<boolean>
}

/** The cost of a look-up of one message, in bytes of the quota: a batch is parsed for it. */
export const MESSAGE_READ_BYTES = 4_096
/** Pause of the history of an entity of which values are being erased. */
const ERASING_MS = 250
/** Maximum size of the facts of a message in the frame, without its text. */
const ENVELOPE_BYTES = bytesOf(128)

/** Sends a history after the answers that were requested before. Rejects when the store cannot be read. */
export async function answerHistory(
  connection: Connection,
  entityId: Uuid,
  parts: () => HistoryParts,
): Promise<void> {
  const request = {
    key: entityId,
    pending: connection.histories,
    max: parts().limits.historiesMax,
  }
  await connection.answerInTurn(request, () => sendHistory(connection, entityId, parts()))
}

/** Sends the parts of one history, the newest messages first. */
async function sendHistory(
  connection: Connection,
  entityId: Uuid,
  parts: HistoryParts,
): Promise<void> {
  const { limits } = parts
  // Until then the log has values that were erased.
  while (parts.source.isErasing(entityId) && !connection.closed)
    await new Promise<void>((resolve) => void parts.clock.after(ERASING_MS, resolve))
  const answer = connection.answer()
  const page = new Page({ connection, answer }, entityId, parts)
  const texts = new Texts(parts)
  let messages = 0
  let bytes = NO_BYTES
  let isCut = false
  // One more than is sent, to know whether older ones are left out.
  const countMax = limits.historyMessagesMax + 1
  const mayAsk = await parts.mayAsk()
  const seqs = mayAsk ? await parts.source.changeSeqs(entityId, countMax, parts.asOfSeq) : []
  for (const seq of seqs.toReversed()) {
    if (answer.isOver) return
    connection.charge(MESSAGE_READ_BYTES)
    const text = await texts.message(seq, entityId)
    if (text === undefined) continue // its values were erased then
    const size = addBytes(utf8Bytes(text), ENVELOPE_BYTES)
    isCut = messages >= limits.historyMessagesMax || bytes + size > limits.historyBytesMax
    if (isCut) break
    messages++
    bytes = addBytes(bytes, size)
    if (!page.fits(size)) {
      await page.send('more')
      await connection.drained()
    }
    page.add({ text, term: termOf(parts.lineage.at(seq)) }, size)
  }
  await page.send(isCut ? 'cut' : 'whole')
}

function termOf({ reviewerId, eid, epoch }: Epoch): Term {
  return { reviewerId, eid, epoch }
}

/**
 * Texts of single messages, cut from stored batches. Keeps the last batch, which often has the next
 * message, too.
 */
class Texts {
  readonly #parts: HistoryParts
  #batch: BatchLayout | undefined

  constructor(parts: HistoryParts) {
    this.#parts = parts
  }

  /** The text of the message at a seq; undefined for a record. */
  async message(seq: number, entityId: Uuid): Promise<string | undefined> {
    const known = this.#of(seq, entityId)
    if (known !== undefined) return known
    const { source, clock } = this.#parts
    this.#batch = await source.layoutWith(seq)
    if (!this.#batch) return undefined
    const text = this.#of(seq, entityId)
    if (text === undefined) throw new Error(`the stored message at seq ${seq} is damaged`)
    // Parsing a batch takes milliseconds: yields, so that offers do not wait for a whole history.
    await new Promise<void>((resolve) => void clock.after(0, resolve))
    return text
  }

  #of(seq: number, entityId: Uuid): string | undefined {
    const text = this.#batch && tellMessage(this.#batch, seq, entityId)
    return text?.ok ? text.value : undefined
  }
}

interface PageMessage {
  readonly text: string
  readonly term: Term
}

/** One part of the answer while it is filled; messages are added newest first. */
class Page {
  readonly #connection: Connection
  readonly #entityId: Uuid
  readonly #parts: HistoryParts
  readonly #answer: Answer
  #messages: PageMessage[] = []
  #bytes = NO_BYTES
  readonly #bytesMax: number
  #part = 0

  constructor(
    { connection, answer }: { readonly connection: Connection; readonly answer: Answer },
    entityId: Uuid,
    parts: HistoryParts,
  ) {
    this.#answer = answer
    this.#bytesMax = frameContentBytesMax(parts.limits)
    this.#connection = connection
    this.#entityId = entityId
    this.#parts = parts
  }

  fits(bytes: Bytes): boolean {
    return this.#messages.length === 0 || this.#bytes + bytes <= this.#bytesMax
  }

  add(message: PageMessage, bytes: Bytes): void {
    this.#messages.push(message)
    this.#bytes = addBytes(this.#bytes, bytes)
  }

  async send(end: HistoryEnd): Promise<void> {
    const terms: Term[] = []
    const messages = this.#messages.reverse().map(({ text, term }) => {
      let no = terms.findIndex((known) => known.eid === term.eid && known.epoch === term.epoch)
      if (no < 0) no = terms.push(term) - 1
      return { term: no, lines: lineCount(text) }
    })
    const { asOfSeq, lineage, sign } = this.#parts
    const epoch = lineage.present
    const about = { entityId: this.#entityId, asOfSeq, part: this.#part++, end, terms, messages }
    const texts = this.#messages.map(({ text }) => text).join('\n')
    this.#messages = []
    this.#bytes = NO_BYTES
    const { nonce } = this.#connection
    const sig = await sign(historyBytes(epoch.space, epoch, { ...about, nonce, texts }))
    this.#answer.sendPart(reviewerFrame('history', { ...about, sig }, texts))
  }
}
