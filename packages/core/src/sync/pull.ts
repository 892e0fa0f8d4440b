/**
 * The pull side of one link: applies canonical facts, which arrive in any order, and requests
 * missing ones. Only the pages of an incomplete snapshot outlive the link.
 *
 *   tail ──▶ applied ──▶ host           a gap: behind until it is filled
 *   page*, kept, settled* ──▶ through ──▶ a snapshot, applied whole ──▶ host
 */
import type { Uuid } from '../base/uuid.ts'
import type { Position } from '../facts/message.ts'
import type { ReviewerFrame } from '../wire/frames.ts'
import type { KeptPages } from './kept-pages.ts'
import type { SessionParts } from './session-host.ts'
import {
  type PartHashes,
  type SnapshotPart,
  SnapshotParts,
  isTold,
  settledAmong,
} from './snapshot-parts.ts'
import type { TailOutcome } from './tail.ts'
import type { Reviewing } from './tail-plan.ts'
import { Wants } from './wants.ts'

/** Maximum successive incomplete answers; then the link is closed. */
const INCOMPLETE_MAX = 8

/** The parts of its session that a pull uses. */
export interface PullEvents {
  send(frame: string): void
  /** Whether every session with messages that wait is bound. */
  isBound(): boolean
  /** Called when facts of the reviewer are known to be missing, or no longer are. */
  behind(): void
  /** `at`: the signed time of the reviewer's clock. */
  caughtUp(at?: number): void
  /** Called when facts were applied: they may contain verdicts on own messages. */
  taken(): void
  fail(note: string): void
}

type FrameOf<K> = ReviewerFrame & { readonly kind: K }
/** Frames with canonical facts. */
export type PullFrame = FrameOf<'tail' | 'page' | 'kept' | 'settled' | 'through' | 'states'>

/** How far the next rows of scopes reach. It is not signed. */
export type ReachAnswer = FrameOf<'reach'>

/** The requests to the reviewer without an answer. */
export interface Asked {
  readonly any: boolean
  /** Holds requests back while lost batches are handed back to the reviewer. */
  isHeld: boolean
  /** Requests news, unless such a request is open. */
  all(): void
  /** Called with a part of an answer. */
  progress(): void
  /** Called at the end of an answer, or if there will be none. */
  answered(): void
  /** Called from time to time. */
  tick(): void
}

/** The pull side of a link: of the whole space, or of scopes (`scoped-pull.ts`). */
export interface Puller {
  readonly wants: Asked
  /** `text` is the frame as it came. */
  frame(frame: PullFrame, text: string, by: Reviewing): void
  /** Called for accepted own messages of an `accepted` frame, beside the canonical facts. */
  accepted(frame: FrameOf<'accepted'>, by: Reviewing): void
  /** Called with the answer to a `reach` request of a link that follows scopes. */
  reached(answer: ReachAnswer): void
  partHashes(snapshot: number): PartHashes
}

export class Pull implements Puller {
  readonly wants: Wants
  readonly #parts: SessionParts
  readonly #events: PullEvents
  readonly #snapshot: SnapshotParts
  readonly #kept: KeptPages
  #incomplete = 0

  constructor(parts: SessionParts, events: PullEvents, kept: KeptPages) {
    this.#parts = parts
    this.#kept = kept
    this.#events = events
    this.#snapshot = new SnapshotParts(parts.limits.snapshotPartsMax)
    this.wants = new Wants({
      now: () => parts.clock.monotonic(),
      position: () => parts.tail.position,
      pages: () => kept.names,
      send: (frame) => events.send(frame),
    })
  }

  frame(frame: PullFrame, text: string, by: Reviewing): void {
    const { tail } = this.#parts
    switch (frame.kind) {
      case 'tail':
        if (this.#snapshot.any) this.#wantAnew() // its end was lost
        else this.#outcome(tail.tail(frame, by.lineage.at(tail.position?.seq ?? 0)), text, by)
        break
      case 'page':
        this.#kept.add(frame.texts)
        this.#part(text, frame.snapshot, { kind: 'page', text: frame.texts })
        break
      case 'kept':
        for (const name of frame.pages) {
          const page = this.#kept.get(name)
          // Without it the snapshot is incomplete, and is requested again.
          if (page !== undefined) this.#part(text, frame.snapshot, { kind: 'page', text: page })
        }
        break
      case 'settled':
        this.#part(text, frame.snapshot, frame)
        break
      case 'through':
        this.#through(frame, by)
        break
      default: // states are for stores that follow scopes
    }
  }

  accepted({ sessionId, reviews }: FrameOf<'accepted'>, { lineage }: Reviewing): void {
    const { outbox, tail, host } = this.#parts
    const { position } = tail
    const hereSeq = position && lineage.has(position) ? position.seq : -1
    for (const review of reviews) {
      const entry = outbox.find(sessionId, review.clientSeq)
      if (!entry) continue
      if (review.seq <= hereSeq) host.acceptedAgain(entry, review)
      else this.wants.all()
    }
  }

  /** Followers of the whole space send no such request. */
  reached(): void {}

  /** Hashes of the received parts of the snapshot with that number. */
  partHashes(snapshot: number): PartHashes {
    return this.#snapshot.hashes(snapshot)
  }

  #wantAnew(): void {
    this.#snapshot.giveUp()
    this.wants.again()
  }

  #part(text: string, of: number, part: SnapshotPart): void {
    this.wants.progress()
    if (!this.#snapshot.add(text, of, part)) this.#events.fail('the reviewer sent too many pages')
  }

  #outcome(outcome: TailOutcome, text: string, by: Reviewing): void {
    const { wants } = this
    switch (outcome.kind) {
      case 'applied':
        this.#incomplete = 0
        wants.tail()
        this.#parts.host.taken(outcome, [text], by)
        if (!wants.any) this.#events.caughtUp()
        this.#events.taken()
        break
      case 'gap':
        this.#events.behind()
        wants.all()
        break
      case 'malformed':
        this.#events.fail(`the reviewer sent ${outcome.message}`)
        break
      default:
        wants.tail()
    }
  }

  #through(frame: FrameOf<'through'>, by: Reviewing): void {
    const { position, pages, snapshot: of, at, settled } = frame
    const { tail, outbox } = this.#parts
    // Commits since the snapshot follow it.
    if (of > 0) this.wants.progress()
    else this.wants.answered()
    const snapshot = this.#snapshot.take(of, { pages, lists: settled?.lists ?? 0 })
    // A snapshot lists own messages of bound sessions only. It is requested again when all are
    // bound.
    if (snapshot && !this.#events.isBound() && outbox.size > 0) return
    const here = tail.position
    // A state on this lineage is continued; a state of another one is replaced.
    const isSame = here !== null && by.lineage.has(here)
    const isFirst = position.seq === 0 && !isSame
    // A snapshot that was overtaken, by the tail or by a later one, is discarded.
    const isLate = isSame && here.seq > position.seq
    if (snapshot && !isLate && (of > 0 || isFirst)) {
      if (!this.#replace(snapshot, position, by)) return
    } else if (!isSame || here.seq < position.seq) {
      // A part of it was lost. A link that loses the same part each time is closed.
      if (++this.#incomplete < INCOMPLETE_MAX) this.wants.again()
      else this.#events.fail('the answers of the reviewer arrive incomplete')
      return
    }
    this.#incomplete = 0
    this.#kept.clear() // no snapshot is incomplete
    if (of === 0) this.#events.caughtUp(at ?? undefined)
    this.#events.taken()
  }

  /** Applies a snapshot. False when it is malformed. */
  #replace(parts: readonly SnapshotPart[], position: Position, by: Reviewing): boolean {
    const { tail, host, outbox } = this.#parts
    const pages = parts.filter((part) => part.kind === 'page')
    const settled = settledAmong(parts, by, (sessionId) => outbox.openOf(sessionId))
    const texts = pages.map(({ text }) => text)
    const { position: here } = tail
    const isOther = here !== null && !by.lineage.has(here)
    host.follow(by.lineage, isOther)
    const outcome = tail.snapshot(texts, { position, settled, isOther })
    if (outcome.kind === 'malformed') this.#events.fail(`the reviewer sent ${outcome.message}`)
    if (outcome.kind !== 'applied') return false
    const told = (sessionId: Uuid, clientSeq: number): boolean =>
      isTold(parts, sessionId, clientSeq)
    host.replaced(outcome, { pages: texts, told, isOther, by })
    return true
  }
}
