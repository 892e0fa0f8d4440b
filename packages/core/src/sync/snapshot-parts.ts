/**
 * A snapshot as its parts arrive: perhaps twice, out of order, or mixed with those of another
 * one that was given up on the way. It counts only when every part of it is here, and none of
 * another: the same state may be cut otherwise the next time, so that some of each are not a whole.
 */
import type { Hash } from '../base/hash.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Entry } from '../history/entry.ts'
import { partHash } from '../wire/signed.ts'
import type { Review } from '../facts/message.ts'
import type { AcceptedRun } from '../wire/frames.ts'
import type { Reviewing } from './tail.ts'

/** The text of a page, or what became of own messages. */
export type SnapshotPart =
  | { readonly kind: 'page'; readonly text: string }
  | {
      readonly kind: 'settled'
      readonly sessionId: Uuid
      readonly runs: readonly AcceptedRun[]
      readonly at: number
    }

export class SnapshotParts {
  readonly #partsMax: number
  /** By the hash of the frame: a repeated one is the same part. */
  readonly #parts = new Map<Hash, { readonly of: number; readonly part: SnapshotPart }>()
  /** The newest that has ended, or was given up: what still comes of it, or of an older one, is late. */
  #past = 0

  constructor(partsMax: number) {
    this.#partsMax = partsMax
  }

  get any(): boolean {
    return this.#parts.size > 0
  }

  /** False when there are too many. */
  add(text: string, of: number, part: SnapshotPart): boolean {
    if (of <= this.#past) return true
    if (this.#parts.size >= this.#partsMax) return false
    this.#parts.set(partHash(text), { of, part })
    return true
  }

  /** Of the parts of the snapshot with that number. */
  hashes(of: number): readonly Hash[] {
    return [...this.#parts].flatMap(([hash, held]) => (held.of === of ? [hash] : []))
  }

  /**
   * The `count` parts of the snapshot with that number, or undefined when some are missing. It has
   * ended, and so have those before it.
   */
  take(of: number, count: number): readonly SnapshotPart[] | undefined {
    const parts = [...this.#parts.values()].filter((held) => held.of === of)
    this.#end(of)
    return parts.length === count ? parts.map(({ part }) => part) : undefined
  }

  /** Whatever has begun to arrive is not waited for any more. */
  giveUp(): void {
    let newest = 0
    for (const { of } of this.#parts.values()) newest = Math.max(newest, of)
    this.#end(newest)
  }

  #end(of: number): void {
    this.#past = Math.max(this.#past, of)
    for (const [text, held] of this.#parts) if (held.of <= of) this.#parts.delete(text)
  }
}

/** Pending entries that a snapshot contains, by what it says of their sessions. */
export function settledAmong(
  parts: readonly SnapshotPart[],
  by: Reviewing,
  waiting: (sessionId: Uuid) => Iterable<Entry>,
): Map<Entry, Review> {
  const settled = new Map<Entry, Review>()
  for (const part of parts) {
    if (part.kind !== 'settled') continue
    const { reviewerId, eid, epoch } = by
    for (const entry of waiting(part.sessionId)) {
      const { clientSeq: no } = entry
      const run = part.runs.find(
        ({ clientSeq, count }) => no >= clientSeq && no < clientSeq + count,
      )
      // Whether it stood beside something, a snapshot does not say.
      const place = { reviewerId, eid, epoch, at: part.at, forked: false }
      if (run) settled.set(entry, { ...place, seq: run.seq + no - run.clientSeq })
    }
  }
  return settled
}
