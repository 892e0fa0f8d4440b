/**
 * Builds the texts of one flush, a message at a time, without hashing: runs synchronously in a
 * write of the app. Lines never change; the head grows by shapes, so read `head` again after each
 * message until the flush is closed.
 */
import { assert } from '../base/assert.ts'
import { type Outcome, fail, ok } from '../base/outcome.ts'
import { type Bytes, NO_BYTES, addBytes } from '../base/size.ts'
import { FACT_BOUNDS, type FactBounds } from './bounds.ts'
import { EntityNames } from './entity-names.ts'
import { composeHead, shapeText } from './head-line.ts'
import { lineBytes } from './line.ts'
import { composeMessage } from './message-lines.ts'
import type { Uuid } from '../base/uuid.ts'
import type { FlushText, Head, Message, Seen, SessionFacts, Shape } from './types.ts'

/** Fixed when a flush is opened. */
export interface FlushOpening {
  readonly session: SessionFacts
  readonly seen: Seen
  /** `time` of the first message, ms since 1970. */
  readonly baseTime: number
}

/**
 * Packs messages of one session into one flush as they are written, and reports when it is full.
 */
export class FlushWriter {
  readonly #opening: FlushOpening
  readonly #bounds: FactBounds
  readonly #entities = new EntityNames()
  readonly #shapeNumbers = new Map<string, number>()
  readonly #lines: string[] = []
  #shapes: readonly Shape[] = []
  #head: string
  #linesBytes: Bytes = NO_BYTES
  #messages = 0
  #lastClientSeq = 0

  constructor(opening: FlushOpening, bounds: FactBounds = FACT_BOUNDS) {
    this.#opening = opening
    this.#bounds = bounds
    this.#head = this.#headOf([])
  }

  get head(): Head {
    const { baseTime, seen } = this.#opening
    return { baseTime, shapes: this.#shapes, seen }
  }

  /** Entities of the lines before this one, which later lines may name by number. */
  namesBefore(line: number): readonly (readonly [line: number, entityId: Uuid])[] {
    return this.#entities.before(line)
  }

  get text(): FlushText {
    return { head: this.#head, lines: [...this.#lines] }
  }

  /** Bytes of head and lines, each with its U+000A. */
  get bytes(): Bytes {
    return addBytes(lineBytes(this.#head), this.#linesBytes)
  }

  /**
   * Appends a message and returns its lines. Errors, which change nothing: `flush_full`, it fits
   * into a new flush; `too_large`, it fits into none.
   */
  append(message: Message): Outcome<readonly string[]> {
    this.#check(message)
    if (message.changes.length > this.#bounds.messageChangesMax)
      return fail('too_large', `more than ${this.#bounds.messageChangesMax} changes in one message`)
    if (this.#messages === this.#bounds.flushMessagesMax)
      return fail('flush_full', `a flush has at most ${this.#bounds.flushMessagesMax} messages`)
    const shapes = this.#shapesWith(message)
    const head = shapes === this.#shapes ? this.#head : this.#headOf(shapes)
    const lines = this.#linesOf(message)
    const linesBytes = lines.reduce((sum, line) => addBytes(sum, lineBytes(line)), this.#linesBytes)
    const fault = this.#sizeFault(addBytes(lineBytes(head), linesBytes))
    if (fault) {
      this.#forgetAfter(this.#lines.length)
      return fault
    }
    this.#head = head
    this.#shapes = shapes
    this.#lines.push(...lines)
    this.#linesBytes = linesBytes
    this.#messages++
    this.#lastClientSeq = message.clientSeq
    return ok(lines)
  }

  #check({ clientSeq, changes, salts }: Message): void {
    assert(clientSeq > this.#lastClientSeq, `clientSeq ${clientSeq} ascends in a flush`)
    const lines = changes.length === 1 ? 1 : changes.length + 1
    assert(changes.length > 0, `message ${clientSeq} has a change`)
    assert(clientSeq >= this.#opening.seen.from, `message ${clientSeq} is not before seen.from`)
    assert(
      changes.length === 1 || new Set(changes.map((c) => c.entityId)).size === changes.length,
      `message ${clientSeq} has at most one change of an entity`,
    )
    assert(salts.length === lines, `message ${clientSeq} has ${lines} salts, one a line`)
  }

  #headOf(shapes: readonly Shape[]): string {
    const { session, seen, baseTime } = this.#opening
    return composeHead({ baseTime, shapes, seen }, session)
  }

  /** The shapes with the new ones of a message, which get numbers; the same list if none is new. */
  #shapesWith(message: Message): readonly Shape[] {
    const added: Shape[] = []
    for (const { shape } of message.changes) {
      const key = shapeText(shape)
      if (this.#shapeNumbers.has(key)) continue
      this.#shapeNumbers.set(key, this.#shapeNumbers.size)
      added.push(shape)
    }
    return added.length === 0 ? this.#shapes : [...this.#shapes, ...added]
  }

  #linesOf(message: Message): readonly string[] {
    const { session, seen, baseTime } = this.#opening
    return composeMessage(message, this.#lines.length, {
      session,
      head: { baseTime, seen },
      // All shapes of the message have numbers.
      shapeNo: (shape) => this.#shapeNumbers.get(shapeText(shape))!,
      entities: this.#entities,
    })
  }

  #sizeFault(bytes: Bytes): Outcome<never> | undefined {
    const { flushBytesMax, messageBytesMax } = this.#bounds
    if (this.#messages > 0)
      return bytes > flushBytesMax
        ? fail('flush_full', `a flush of several messages has at most ${flushBytesMax} bytes`)
        : undefined
    return bytes > messageBytesMax
      ? fail('too_large', `a message with its head has at most ${messageBytesMax} bytes`)
      : undefined
  }

  /** Deletes the names and shapes of a message that was not appended. */
  #forgetAfter(line: number): void {
    this.#entities.forgetFrom(line)
    for (const [key, no] of this.#shapeNumbers)
      if (no >= this.#shapes.length) this.#shapeNumbers.delete(key)
  }
}
