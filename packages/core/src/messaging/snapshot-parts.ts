/**
 * A snapshot as its parts arrive: perhaps twice, out of order, or mixed with those of another
 * one that was given up on the way. It counts only when every part of it is here.
 */
import type { Uuid } from '../base/uuid.ts'
import type { Entry } from '../history/entry.ts'
import type { Review } from '../message/message.ts'
import type { AcceptedAgain } from '../protocol/frames.ts'
import type { Reviewing } from './tail.ts'

/** A page with its text, or what became of own messages. */
export type SnapshotPart =
  | { readonly kind: 'page'; readonly page: unknown; readonly text: string }
  | {
      readonly kind: 'settled'
      readonly sessionId: Uuid
      readonly reviews: readonly AcceptedAgain[]
    }

export class SnapshotParts {
  readonly #partsMax: number
  /** By the text of the frame: a repeated one is the same part. */
  readonly #parts = new Map<string, { readonly seq: number; readonly part: SnapshotPart }>()

  constructor(partsMax: number) {
    this.#partsMax = partsMax
  }

  get any(): boolean {
    return this.#parts.size > 0
  }

  /** False when there are too many. */
  add(text: string, seq: number, part: SnapshotPart): boolean {
    if (this.#parts.size >= this.#partsMax) return false
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

/** Pending entries that a snapshot contains, by what it says of their sessions. */
export function settledAmong(
  parts: readonly SnapshotPart[],
  by: Reviewing,
  find: (sessionId: Uuid, clientSeq: number) => Entry | undefined,
): Map<Entry, Review> {
  const settled = new Map<Entry, Review>()
  for (const part of parts) {
    if (part.kind !== 'settled') continue
    for (const [clientSeq, seq, at, forked] of part.reviews) {
      const entry = find(part.sessionId, clientSeq)
      if (entry) settled.set(entry, { ...by, seq, at, forked: forked === 1 })
    }
  }
  return settled
}
