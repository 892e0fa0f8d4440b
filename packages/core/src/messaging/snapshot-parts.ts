/**
 * A snapshot as its parts arrive: perhaps twice, out of order, or mixed with those of another
 * one that was given up on the way. It counts only when every part of it is here.
 */
import type { Uuid } from '../base/uuid.ts'
import type { AcceptedAgain } from '../protocol/frames.ts'

/** A page with its text, or what became of own messages. */
export type SnapshotPart =
  | { readonly kind: 'page'; readonly page: unknown; readonly text: string }
  | {
      readonly kind: 'settled'
      readonly sessionId: Uuid
      readonly reviews: readonly AcceptedAgain[]
    }

const PARTS_MAX = 65_536

export class SnapshotParts {
  /** By the text of the frame: a repeated one is the same part. */
  readonly #parts = new Map<string, { readonly seq: number; readonly part: SnapshotPart }>()

  get any(): boolean {
    return this.#parts.size > 0
  }

  /** False when there are too many. */
  add(text: string, seq: number, part: SnapshotPart): boolean {
    if (this.#parts.size >= PARTS_MAX) return false
    this.#parts.set(text, { seq, part })
    return true
  }

  /** The `count` parts of the snapshot at that seq, or undefined when some are missing. Forgets all. */
  take(seq: number, count: number): readonly SnapshotPart[] | undefined {
    const parts = [...this.#parts.values()].filter((held) => held.seq === seq)
    this.clear()
    return parts.length === count ? parts.map(({ part }) => part) : undefined
  }

  clear(): void {
    this.#parts.clear()
  }
}
