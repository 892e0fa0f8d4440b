/**
 * The newest batches of the reviewer's log, kept to hand them back: a reviewer that lost its newest
 * data gets them from stores that have read them. Bounded by bytes and by age.
 */
import { NO_BYTES, addBytes, bytesOf, utf8Bytes } from '../../base/size.ts'
import type { Limits } from '../../facts/limits.ts'
import type { Uuid } from '../../base/uuid.ts'
import { shortId } from '../../facts/ids.ts'
import { outcomeOf } from '../../facts/malformed.ts'
import type { Position } from '../../facts/message.ts'
import type { Clock } from '../../ports/clock.ts'
import type { HeldStep } from '../../sync/hand-back.ts'
import { batchReadingBounds } from '../../wire/bounds.ts'
import { completedBatch } from '../../wire/completed.ts'
import { linesInParts, parseReviewerFrame } from '../../wire/frames.ts'
import { spanOfBatch } from '../../wire/read-batch.ts'
import { isRecord } from '../../wire/records.ts'

/** One step of the tail: its verified frames, and the own messages in them. */
export interface JournalStep {
  /** The position before it. */
  readonly from: Pick<Position, 'seq' | 'chain'>
  readonly frames: readonly string[]
  /** Texts of own flushes of which messages were accepted, each with its session line. */
  readonly own: readonly string[]
}

interface Noted extends JournalStep {
  readonly at: number
  readonly bytes: number
}

export class Journal {
  readonly #limits: Limits
  readonly #clock: Clock
  #steps: Noted[] = []
  #bytes = NO_BYTES

  constructor(limits: Limits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
  }

  add(step: JournalStep): void {
    const bytes = [...step.frames, ...step.own].map(utf8Bytes).reduce(addBytes, NO_BYTES)
    this.#steps.push({ ...step, at: this.#clock.now(), bytes })
    this.#bytes = addBytes(this.#bytes, bytesOf(bytes))
    this.#prune()
  }

  /**
   * All steps, the oldest first, in the form that is handed back. Steps that lack a line are
   * omitted.
   */
  held(): readonly HeldStep[] {
    return this.#steps.flatMap((step) => heldStep(step, this.#limits) ?? [])
  }

  /** Forgets the steps that name an entity: they have values that were erased. */
  forget(entityId: Uuid): void {
    const name = shortId(entityId)
    const isNamed = ({ frames, own }: Noted): boolean =>
      [...frames, ...own].some((text) => text.includes(name))
    this.#steps = this.#steps.filter((step) => !isNamed(step) || isOfRecords(step))
    this.#bytes = bytesOf(this.#steps.reduce((sum, { bytes }) => sum + bytes, 0))
  }

  /** Called when the canonical state is discarded. */
  clear(): void {
    this.#steps = []
    this.#bytes = NO_BYTES
  }

  #prune(): void {
    const { journalBytesMax, journalMs } = this.#limits
    const since = this.#clock.now() - journalMs
    let count = 0
    let bytes: number = this.#bytes
    for (const step of this.#steps) {
      if (bytes <= journalBytesMax && step.at >= since) break
      bytes -= step.bytes
      count++
    }
    if (count === 0) return
    this.#steps = this.#steps.slice(count)
    this.#bytes = bytesOf(bytes)
  }
}

function heldStep({ from, frames, own }: JournalStep, limits: Limits): HeldStep | undefined {
  const bounds = batchReadingBounds(limits)
  const batches: string[] = []
  let position: Position | undefined
  for (const text of frames) {
    const frame = parseReviewerFrame(text, limits)
    if (!frame.ok || frame.value.kind !== 'tail') return undefined
    position = frame.value.position
    for (const batch of linesInParts(frame.value.texts, frame.value.batches) ?? []) {
      // A frame that overlaps the one before it begins with batches that were known.
      const span = spanOfBatch(batch, bounds)
      if (span.ok && span.value.throughSeq <= from.seq) continue
      const completed = outcomeOf(() => completedBatch(batch, own, bounds))
      if (!completed.ok || completed.value === undefined) return undefined
      batches.push(completed.value)
    }
  }
  return position && { from, position, batches }
}

/** Whether each line of a step but the first of its frames is a record: there is no value in them. */
function isOfRecords({ frames }: JournalStep): boolean {
  return frames.every((text) => text.split('\n').slice(1).every(isRecord))
}
