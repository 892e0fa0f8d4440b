/**
 * Requests for histories over one link, until they are answered. Parts may be repeated, late or
 * lost: parts of one answer have the same seq, and an answer counts when all its parts have
 * arrived. A request without an answer is retried; when the link is lost, its callers get an error.
 */
import { CountersignError } from '../base/outcome.ts'
import type { Uuid } from '../base/uuid.ts'
import { LIMITS, type Limits } from '../facts/limits.ts'
import { batchReadingBounds } from '../wire/bounds.ts'
import { type ReviewerFrame, authorFrame, linesInParts } from '../wire/frames.ts'
import { type ToldMessage, readTold } from '../wire/told.ts'

/** One accepted message of the entity, with who reviewed it. */
export interface ReviewedMessage extends ToldMessage {
  readonly reviewerId: Uuid
  readonly eid: Uuid
  readonly epoch: number
}

type HistoryFrame = ReviewerFrame & { readonly kind: 'history' }

/** The accepted messages of one entity, in canonical order. */
export interface HistoryAnswer {
  readonly messages: readonly ReviewedMessage[]
  /** False: older messages than these were left out. */
  readonly complete: boolean
}

/**
 * Timeout without a part after which a history is requested again, and number of requests before
 * the error.
 */
const ANSWER_MS = 10_000
const ASKED_MAX = 3

interface Asked {
  readonly answer: Promise<HistoryAnswer>
  readonly resolve: (answer: HistoryAnswer) => void
  readonly reject: (error: CountersignError) => void
  /** The parts of the newest answer, by number. */
  readonly parts: Map<number, Part>
  asOfSeq: number
  heardAtMs: number
  times: number
}

export interface Asking {
  readonly nowMs: number
  /** An answer as of an earlier seq is an old one. */
  readonly asOfSeq: number
  readonly send: (frame: string) => void
}

interface Part {
  readonly messages: readonly ReviewedMessage[]
  readonly end: HistoryFrame['end']
}

export class Histories {
  readonly #space: Uuid
  readonly #limits: Limits
  readonly #asked = new Map<Uuid, Asked>()

  constructor(space: Uuid, limits: Limits = LIMITS) {
    this.#space = space
    this.#limits = limits
  }

  /**
   * Callers that request the same entity share the answer. Rejects with `unavailable` or
   * `too_large`.
   */
  ask(entityId: Uuid, { nowMs, asOfSeq, send }: Asking): Promise<HistoryAnswer> {
    const asked = this.#asked.get(entityId)
    if (asked) return asked.answer
    if (this.#asked.size >= this.#limits.historiesMax)
      return Promise.reject(
        unavailable(`${this.#limits.historiesMax} histories are requested already`, entityId),
      )
    const { promise: answer, resolve, reject } = Promise.withResolvers<HistoryAnswer>()
    const facts = { parts: new Map(), asOfSeq, heardAtMs: nowMs, times: 1 }
    this.#asked.set(entityId, { answer, resolve, reject, ...facts })
    send(authorFrame('history', { entityId }))
    return answer
  }

  /** Called with a part. Returns its fault, as text. */
  heard(part: HistoryFrame, nowMs: number): string | undefined {
    const asked = this.#asked.get(part.entityId)
    if (!asked || part.asOfSeq < asked.asOfSeq || part.part > this.#limits.historyMessagesMax)
      return undefined
    const read = this.#read(part)
    if (typeof read === 'string') return read
    if (part.asOfSeq > asked.asOfSeq) asked.parts.clear()
    asked.asOfSeq = part.asOfSeq
    asked.heardAtMs = nowMs
    asked.parts.set(part.part, { messages: read, end: part.end })
    const answer = wholeAnswer(asked.parts)
    if (!answer) return undefined
    this.#asked.delete(part.entityId)
    asked.resolve(answer)
    return undefined
  }

  /** The messages of a part, in canonical order; or its fault, as text. */
  #read({ entityId, terms, messages, texts }: HistoryFrame): readonly ReviewedMessage[] | string {
    const each = linesInParts(
      texts,
      messages.map(({ lines }) => lines),
    )
    if (!each) return 'a history that is not of its lines'
    const bounds = batchReadingBounds(this.#limits)
    const found: ReviewedMessage[] = []
    for (const [i, text] of each.entries()) {
      const term = terms[messages[i]!.term]
      const read = readTold(text, { space: this.#space, entityId, bounds })
      if (!read.ok) return read.error.message
      if (!term) return 'a history of no epoch'
      found.push({ ...read.value, ...term })
    }
    return found
  }

  /** Called from time to time: requests again, or gives up. */
  tick(nowMs: number, send: (frame: string) => void): void {
    for (const [entityId, asked] of this.#asked) {
      if (nowMs - asked.heardAtMs < ANSWER_MS) continue
      asked.heardAtMs = nowMs
      if (asked.times++ < ASKED_MAX) send(authorFrame('history', { entityId }))
      else this.#giveUp(entityId, 'the reviewer does not answer')
    }
  }

  /** Called when the link is lost. */
  lost(): void {
    for (const entityId of [...this.#asked.keys()]) this.#giveUp(entityId, 'the link was lost')
  }

  #giveUp(entityId: Uuid, why: string): void {
    const asked = this.#asked.get(entityId)
    this.#asked.delete(entityId)
    asked?.reject(unavailable(why, entityId))
  }
}

/** The error of a request that failed; a later retry may succeed. */
export function unavailable(why: string, entityId: Uuid): CountersignError {
  return new CountersignError(
    'unavailable',
    `the history of ${entityId} is not available: ${why}`,
    {
      id: entityId,
      reason: why,
    },
  )
}

/** Parts come newest first. */
function wholeAnswer(parts: ReadonlyMap<number, Part>): HistoryAnswer | undefined {
  const messages: ReviewedMessage[][] = []
  for (let no = 0; ; no++) {
    const part = parts.get(no)
    if (!part) return undefined
    messages.unshift([...part.messages])
    if (part.end !== 'more') return { messages: messages.flat(), complete: part.end === 'whole' }
  }
}
