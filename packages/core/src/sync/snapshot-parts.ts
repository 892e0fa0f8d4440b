/**
 * Collects the parts of a snapshot, which may be repeated, out of order, or mixed with those of an
 * abandoned one. A snapshot counts only with all of its own parts: the same state may be divided
 * otherwise the next time, so parts of two snapshots do not add up to one.
 */
import type { Hash } from '../base/hash.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Entry } from '../history/entry.ts'
import { listHash, pageHash } from '../wire/signed.ts'
import type { Review } from '../facts/message.ts'
import type { AcceptedRun } from '../wire/frames.ts'
import type { Reviewing } from './tail-plan.ts'

/** The text of a page, or a list of accepted own messages. */
export type SnapshotPart =
  | { readonly kind: 'page'; readonly text: string }
  | {
      readonly kind: 'settled'
      readonly sessionId: Uuid
      readonly runs: readonly AcceptedRun[]
      readonly at: number
    }

interface Held {
  readonly of: number
  readonly hash: Hash
  readonly part: SnapshotPart
}

/** The hashes that a snapshot is signed over. */
export interface PartHashes {
  readonly pages: readonly Hash[]
  /** Hashes of the `settled` frames. */
  readonly lists: readonly Hash[]
}

export class SnapshotParts {
  readonly #partsMax: number
  /** By number and hash: a repeated one is the same part. */
  readonly #parts = new Map<string, Held>()
  /**
   * The newest snapshot that has ended or was abandoned: further parts of it, or of an older one,
   * are late.
   */
  #past = 0

  constructor(partsMax: number) {
    this.#partsMax = partsMax
  }

  get any(): boolean {
    return this.#parts.size > 0
  }

  /** `text`: the frame. False when there are too many. */
  add(text: string, of: number, part: SnapshotPart): boolean {
    if (of <= this.#past) return true
    if (this.#parts.size >= this.#partsMax) return false
    const hash = part.kind === 'page' ? pageHash(part.text) : listHash(text)
    this.#parts.set(`${of} ${hash}`, { of, hash, part })
    return true
  }

  /** Hashes of the parts of the snapshot with that number. */
  hashes(of: number): PartHashes {
    const held = [...this.#parts.values()].filter((each) => each.of === of)
    const hashesOf = (kind: SnapshotPart['kind']): readonly Hash[] =>
      held.flatMap(({ hash, part }) => (part.kind === kind ? [hash] : []))
    return { pages: hashesOf('page'), lists: hashesOf('settled') }
  }

  /**
   * The parts of the snapshot with that number, or undefined when they are not as many. It has ended,
   * and so have those before it.
   */
  take(
    of: number,
    { pages, lists }: { readonly pages: number; readonly lists: number },
  ): readonly SnapshotPart[] | undefined {
    const here = this.hashes(of)
    const parts = [...this.#parts.values()].filter((held) => held.of === of)
    this.#end(of)
    const isWhole = here.pages.length === pages && here.lists.length === lists
    return isWhole ? parts.map(({ part }) => part) : undefined
  }

  /** Abandons every snapshot that has begun to arrive. */
  giveUp(): void {
    let newest = 0
    for (const { of } of this.#parts.values()) newest = Math.max(newest, of)
    this.#end(newest)
  }

  #end(of: number): void {
    this.#past = Math.max(this.#past, of)
    for (const [key, held] of this.#parts) if (held.of <= of) this.#parts.delete(key)
  }
}

/** The run of a session that has a message. */
function runWith(
  parts: readonly SnapshotPart[],
  sessionId: Uuid,
  no: number,
): AcceptedRun | undefined {
  for (const part of parts) {
    if (part.kind !== 'settled' || part.sessionId !== sessionId) continue
    const run = part.runs.find(({ clientSeq, count }) => no >= clientSeq && no < clientSeq + count)
    if (run) return run
  }
  return undefined
}

/** Whether a snapshot contains a message of a session that is bound. */
export function isTold(
  parts: readonly SnapshotPart[],
  sessionId: Uuid,
  clientSeq: number,
): boolean {
  return runWith(parts, sessionId, clientSeq) !== undefined
}

/** Pending entries that a snapshot contains, by its runs of their sessions. */
export function settledAmong(
  parts: readonly SnapshotPart[],
  by: Reviewing,
  waiting: (sessionId: Uuid) => Iterable<Entry>,
): Map<Entry, Review> {
  const settled = new Map<Entry, Review>()
  for (const part of parts) {
    if (part.kind !== 'settled') continue
    for (const entry of waiting(part.sessionId)) {
      const { clientSeq: no } = entry
      const run = runWith([part], part.sessionId, no)
      if (!run) continue
      const seq = run.seq + no - run.clientSeq
      const { reviewerId, eid, epoch } = by.lineage.at(seq)
      // A snapshot does not show whether a message was concurrent with another one.
      settled.set(entry, { reviewerId, eid, epoch, seq, at: part.at, forked: false })
    }
  }
  return settled
}
