/**
 * The pull side of one link: canonical facts as they arrive, in whatever order, and what is asked
 * for because of them. Nothing of it outlives the link but the pages of a snapshot that did not end.
 *
 *   tail ──▶ applied ──▶ host           a gap: behind until it is filled
 *   page*, kept, settled* ──▶ through ──▶ a snapshot, taken in whole ──▶ host
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

/** Answers in a row after which something is missing still; then the link is given up. */
const INCOMPLETE_MAX = 8

/** What a pull needs of the session it belongs to. */
export interface PullEvents {
  send(frame: string): void
  /** Whether every session with messages that wait is bound. */
  isBound(): boolean
  /** Something of the reviewer's is known to be missing, or nothing is any more. */
  behind(): void
  /** `at`: so the reviewer said by its clock, and signed it. */
  caughtUp(at?: number): void
  /** Facts were taken in: own messages may have been answered by them. */
  taken(): void
  fail(note: string): void
}

type FrameOf<K> = ReviewerFrame & { readonly kind: K }
/** Frames with canonical facts. */
export type PullFrame = FrameOf<'tail' | 'page' | 'kept' | 'settled' | 'through' | 'states'>

/** How far the next rows of scopes reach. It is not signed. */
export type ReachAnswer = FrameOf<'reach'>

/** What is asked of the reviewer and not answered yet. */
export interface Asked {
  readonly any: boolean
  /** Nothing is asked for: the reviewer is given back what it lost first. */
  isHeld: boolean
  /** Asks for news, unless that is asked for already. */
  all(): void
  /** A part of an answer has come. */
  progress(): void
  /** There is no answer for now. */
  answered(): void
  /** Time has passed. */
  tick(): void
}

/** The pull side of a link: of the whole space, or of scopes (`scoped-pull.ts`). */
export interface Puller {
  readonly wants: Asked
  /** `text` is the frame as it came. */
  frame(frame: PullFrame, text: string, by: Reviewing): void
  /** Own messages that were accepted, told beside the canonical facts. */
  accepted(frame: FrameOf<'accepted'>, by: Reviewing): void
  /** A question of who follows scopes is answered. */
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
        if (this.#snapshot.any) this.#wantAnew() // its end was lost on the way
        else this.#outcome(tail.tail(frame, by.lineage.at(tail.position?.seq ?? 0)), text, by)
        break
      case 'page':
        this.#kept.add(frame.texts)
        this.#part(text, frame.snapshot, { kind: 'page', text: frame.texts })
        break
      case 'kept':
        for (const name of frame.pages) {
          const page = this.#kept.get(name)
          // Without it the snapshot is not whole, and is asked for again.
          if (page !== undefined) this.#part(text, frame.snapshot, { kind: 'page', text: page })
        }
        break
      case 'settled':
        this.#part(text, frame.snapshot, frame)
        break
      case 'through':
        this.#through(frame, by)
        break
      default: // states are for who follows scopes
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

  /** Who follows everything asks no such question. */
  reached(): void {}

  /** Of the parts of the snapshot with that number that are here. */
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
    // What was committed since a snapshot follows it.
    if (of > 0) this.wants.progress()
    else this.wants.answered()
    const snapshot = this.#snapshot.take(of, { pages, lists: settled?.lists ?? 0 })
    // What it contains of our own, only those who are bound are told. It is asked for again then.
    if (snapshot && !this.#events.isBound() && outbox.size > 0) return
    const here = tail.position
    // What is on this lineage grows along it; anything else is replaced.
    const isSame = here !== null && by.lineage.has(here)
    const isFirst = position.seq === 0 && !isSame
    // One that was overtaken on the way, by the tail or by a later one, has nothing to say any more.
    const isLate = isSame && here.seq > position.seq
    if (snapshot && !isLate && (of > 0 || isFirst)) {
      if (!this.#replace(snapshot, position, by)) return
    } else if (!isSame || here.seq < position.seq) {
      // Something of it was lost on the way. A wire that loses the same each time is no way to go on.
      if (++this.#incomplete < INCOMPLETE_MAX) this.wants.again()
      else this.#events.fail('the answers of the reviewer arrive incomplete')
      return
    }
    this.#incomplete = 0
    this.#kept.clear() // there is nothing that it is missing of
    if (of === 0) this.#events.caughtUp(at ?? undefined)
    this.#events.taken()
  }

  /** Takes a snapshot in. False when it is not one. */
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
