/**
 * Hands lost batches back to a reviewer: batches of its own log that this store has read, under the
 * positions that it has signed. The reviewer answers with the seq that it has, and gets the rest
 * step by step; until it has all, this store sends no request and no offer.
 *
 *   held (position, no batches) ──▶ back (seq: it has all up to there)
 *   held (batches after that)   ──▶ back …                              until it has the position
 */
import type { Position } from '../facts/message.ts'
import { assert } from '../base/assert.ts'
import { isLongerThan } from '../base/size.ts'
import { lineCount } from '../facts/line.ts'
import { authorFrame } from '../wire/frames.ts'
import type { Epoch } from '../wire/records.ts'

/** One step of the log, complete in itself. */
export interface HeldStep {
  /** The position before it, which the signature of the one after it covers. */
  readonly from: Pick<Position, 'seq' | 'chain'>
  /** The signed one after it. */
  readonly position: Position
  readonly batches: readonly string[]
}

export interface HandBackParts {
  readonly position: Position
  /** Known epochs that are not on the lineage of the greeting. */
  readonly epochs: readonly Epoch[]
  readonly held: () => Promise<readonly HeldStep[]>
  readonly send: (frame: string) => void
  /** Whether a position is on the lineage of the greeting. */
  readonly isOn: (position: Position) => boolean
  /** Of a frame. A step that is larger cannot be handed back. */
  readonly frameBytesMax: number
  /** Called when the reviewer has everything, or does not answer. */
  readonly done: () => void
}

/** Times that a frame is sent without an answer. */
const SENT_MAX = 3
const ANSWER_MS = 20_000

export class HandBack {
  readonly #parts: HandBackParts
  #steps: readonly HeldStep[] = []
  /** Whether the reviewer has answered which batches it lacks. */
  #isAnswered = false
  /** The last frame without an answer. */
  #frame = ''
  #sent = 0
  #sentAtMs = 0
  #isDone = false

  constructor(parts: HandBackParts) {
    this.#parts = parts
  }

  get isDone(): boolean {
    return this.#isDone
  }

  async begin(nowMs: number): Promise<void> {
    this.#steps = await this.#parts.held()
    const { position, epochs } = this.#parts
    const { seq, chain } = position
    this.#send(
      authorFrame('held', { epochs, from: { seq, chain }, position, batches: [], seals: null }, ''),
      nowMs,
    )
  }

  /** The reviewer has everything up to that seq. */
  heard(seq: number, nowMs: number): void {
    if (this.#isDone || this.#sent === 0) return
    if (!this.#isAnswered) this.#skip(seq)
    const [step, ...later] = this.#steps
    if (!step) {
      this.#end()
      return
    }
    this.#steps = later
    const { from, position, batches } = step
    assert(from.seq < position.seq, 'a step of the log moves the position forward')
    const counts = batches.map(lineCount)
    const frame = authorFrame(
      'held',
      { epochs: [], from, position, batches: counts, seals: null },
      batches.join('\n'),
    )
    if (isLongerThan(frame, this.#parts.frameBytesMax)) this.heard(position.seq, nowMs)
    else this.#send(frame, nowMs)
  }

  /**
   * The first answer: batches that the reviewer has are not sent. Steps may be of several lineages,
   * which follow each other.
   */
  #skip(seq: number): void {
    const { position: here, isOn } = this.#parts
    this.#isAnswered = true
    if (seq >= here.seq) this.#steps = []
    const isThere = ({ position }: HeldStep): boolean =>
      position.seq <= seq && (position.eid === here.eid || isOn(position))
    this.#steps = this.#steps.filter((step) => !isThere(step))
  }

  tick(nowMs: number): void {
    if (this.#isDone || this.#sent === 0 || nowMs - this.#sentAtMs < ANSWER_MS) return
    if (this.#sent >= SENT_MAX) this.#end()
    else this.#send(this.#frame, nowMs, this.#sent)
  }

  #send(frame: string, nowMs: number, before = 0): void {
    this.#frame = frame
    this.#sent = before + 1
    this.#sentAtMs = nowMs
    this.#parts.send(frame)
  }

  #end(): void {
    this.#isDone = true
    this.#steps = []
    this.#frame = ''
    this.#parts.done()
  }
}
