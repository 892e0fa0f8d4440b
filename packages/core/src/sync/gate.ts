/**
 * Verifies frames between a link and the view: no frame about the canonical state or own messages
 * takes effect before its signature is verified. One check runs at a time; frames that arrive
 * meanwhile are queued in order. The signature of a position covers everything before it, so queued
 * frames of the tail are joined to one frame with one check.
 *
 *   frame ─▶ waiting ─▶ checked ─▶ delivered
 *               │          └─▶ forged: the link is closed, the frame is discarded
 *               └─▶ shown at once, where checks are slow (GATE11)
 */
import { assert } from '../base/assert.ts'
import type { Uuid } from '../base/uuid.ts'
import {
  acceptedBytes,
  erasedBytes,
  historyBytes,
  keptBytes,
  liveBytes,
  meBytes,
  nackBytes,
  positionBytes,
  rejectionBytes,
  settledBytes,
  snapshotBytes,
  statesBytes,
} from '../wire/signed.ts'
import type { Position, Rejection } from '../facts/message.ts'
import { type ReviewerFrame, reviewRows, reviewerFrame } from '../wire/frames.ts'
import type { PartHashes } from './snapshot-parts.ts'
import type { Reviewing } from './tail-plan.ts'

type FrameOf<K> = ReviewerFrame & { readonly kind: K }
/** Frames whose order matters, and that take effect only when they are verified. */
export type GatedFrame = FrameOf<
  | 'tail'
  | 'page'
  | 'kept'
  | 'settled'
  | 'through'
  | 'accepted'
  | 'rejected'
  | 'nack'
  | 'history'
  | 'seal'
  | 'me'
  | 'states'
  | 'erased'
>

export interface GateEvents {
  /** Shows a frame that is not verified yet, and has only frames of the tail before it. */
  show?(frame: FrameOf<'tail'>): void
  /** Whether `sig` over the bytes is of the reviewer of this link. */
  verify(bytes: Uint8Array, sig: string): Promise<boolean>
  /** The delivered parts of the snapshot with that number. */
  partHashes(snapshot: number): PartHashes
  /** `text` is the frame as it can be stored. */
  deliver(frame: GatedFrame, text: string): void
  /** Called with the fault of a forged frame, as a phrase. */
  forged(what: string): void
}

interface Waiting {
  readonly frame: GatedFrame
  readonly text: string
}

/** Frames of the tail that are joined: the text is copied once, and stored as one frame. */
const JOINED_CHARACTERS_MAX = 1_048_576

export class Gate {
  readonly #space: Uuid
  readonly #by: Reviewing
  /** The reviewer's nonce, in the signatures of frames for this link only. */
  readonly #nonce: string
  readonly #events: GateEvents
  /** The newest position whose signature was checked. */
  #verified: Position | undefined
  /** The end of an answer is never older than the greeting: an older one is a replay. */
  readonly #floorSeq: number
  #waiting: Waiting[] = []
  /** The frame whose check is under way. */
  #checking: GatedFrame | undefined
  #isRunning = false
  /** Resolves when nothing waits any more. */
  #running: Promise<void> | undefined
  #isClosed = false
  #isFinishing = false

  /** `greeted`: the position of the greeting, which was checked; its own signature was not. */
  constructor(
    events: GateEvents,
    { space, by, greeted, nonce }: { space: Uuid; by: Reviewing; greeted: Position; nonce: string },
  ) {
    this.#events = events
    this.#space = space
    this.#by = by
    this.#nonce = nonce
    this.#floorSeq = greeted.seq
  }

  push(frame: GatedFrame, text: string): void {
    if (this.#isClosed || this.#isFinishing) return
    this.#waiting.push({ frame, text })
    if (frame.kind === 'tail' && this.#isTailOnly) this.#events.show?.(frame)
    if (!this.#isRunning) this.#running = this.#run()
  }

  /** Called when the link is lost: discards the queue. */
  close(): void {
    this.#isClosed = true
    this.#waiting = []
  }

  /**
   * Called when the link is lost while unverified messages are shown: received frames of the tail
   * are verified and delivered, as their signatures are not bound to a link. Other frames are
   * discarded.
   */
  finish(): void {
    this.#isFinishing = true
    this.#waiting = this.#waiting.filter(({ frame }) => frame.kind === 'tail')
  }

  /** Resolves when the checks of a lost link have ended. */
  async finished(): Promise<void> {
    if (this.#isFinishing) await this.#running
  }

  get #isTailOnly(): boolean {
    const checking = this.#checking?.kind ?? 'tail'
    return checking === 'tail' && this.#waiting.every(({ frame }) => frame.kind === 'tail')
  }

  async #run(): Promise<void> {
    assert(!this.#isRunning, 'one check runs at a time')
    this.#isRunning = true
    while (this.#waiting.length > 0) {
      const next = this.#take()
      this.#checking = next.frame
      // Without a check it is delivered in this very turn.
      const check = this.#check(next.frame)
      const fault = check && (await check.catch(() => 'a frame that cannot be checked'))
      if (this.#isClosed) break
      if (fault !== undefined) {
        this.close()
        this.#events.forged(fault)
        break
      }
      this.#checking = undefined
      this.#events.deliver(next.frame, next.text)
    }
    this.#checking = undefined
    this.#isRunning = false
  }

  /** The next frame; frames of the tail that have gathered are one. */
  #take(): Waiting {
    const first = this.#waiting.shift()
    assert(first, 'a frame waits when one is taken')
    if (first.frame.kind !== 'tail') return first
    const joined = [first.frame]
    let characters = first.text.length
    for (;;) {
      const next = this.#waiting[0]
      if (next?.frame.kind !== 'tail') break
      characters += next.text.length
      if (characters > JOINED_CHARACTERS_MAX) break
      this.#waiting.shift()
      joined.push(next.frame)
    }
    if (joined.length === 1) return first
    const batches = joined.flatMap((frame) => frame.batches)
    // The last frame may be an old one that was repeated.
    const { position } = joined.reduce((a, b) => (b.position.seq > a.position.seq ? b : a))
    const texts = joined.map((frame) => frame.texts).join('\n')
    const frame = { kind: 'tail', batches, position, texts } as const
    return { frame, text: reviewerFrame('tail', { batches, position }, texts) }
  }

  /** The fault of a frame, as a phrase; undefined if it is verified, or needs no check. */
  #check(frame: GatedFrame): Promise<string | undefined> | undefined {
    switch (frame.kind) {
      case 'tail':
        return this.#position(frame.position)
      case 'through':
        return this.#through(frame)
      case 'accepted': {
        const { sessionId, reviews, sig } = frame
        const bytes = acceptedBytes(this.#space, { ...this.#by, sessionId }, reviewRows(reviews))
        return this.#signed(bytes, sig, 'an acceptance')
      }
      case 'rejected':
        return this.#rejections(frame.rejections)
      case 'nack': {
        if (!frame.alone) return undefined // it only asks the store to wait
        const bytes = nackBytes(this.#space, this.#by, { ...frame, nonce: this.#nonce })
        return this.#signed(bytes, frame.sig ?? '', 'a nack')
      }
      case 'history': {
        const bytes = historyBytes(this.#space, this.#by, { ...frame, nonce: this.#nonce })
        return this.#signed(bytes, frame.sig, 'a history')
      }
      case 'states':
        return this.#states(frame)
      case 'erased': {
        const bytes = erasedBytes(this.#space, this.#by, { ...frame, nonce: this.#nonce })
        return this.#signed(bytes, frame.sig, 'an erasure')
      }
      case 'seal': {
        const bytes = keptBytes(this.#space, this.#by, { ...frame, nonce: this.#nonce })
        return this.#signed(bytes, frame.sig, 'a seal')
      }
      case 'me': {
        const bytes = meBytes(this.#space, this.#by, { ...frame, nonce: this.#nonce })
        return this.#signed(bytes, frame.sig, 'the author ids of a person')
      }
      default:
        return undefined // it counts with the end of its snapshot
    }
  }

  #position(position: Position): Promise<string | undefined> | undefined {
    const { epoch, seq, chain, sig } = position
    const known = this.#verified
    const { lineage } = this.#by
    if (!lineage.has(position) || lineage.at(seq).epoch !== epoch)
      return Promise.resolve('a position of another lineage')
    if (seq === known?.seq && chain === known.chain && sig === known.sig) return undefined
    const bytes = positionBytes(this.#space, position)
    return this.#signed(bytes, sig ?? '', 'a position').then((fault) => {
      if (fault === undefined && seq >= (known?.seq ?? 0)) this.#verified = position
      return fault
    })
  }

  #states(frame: FrameOf<'states'>): Promise<string | undefined> {
    const { position, no, of, done, more, erased, accepted } = frame
    const { lineage } = this.#by
    if (!lineage.has(position) || lineage.at(position.seq).epoch !== position.epoch)
      return Promise.resolve('states of another lineage')
    const bytes = statesBytes(this.#space, position, {
      ...{ nonce: this.#nonce, at: frame.at, texts: frame.texts },
      ...{ kept: frame.kept, gone: frame.gone },
      numbers: [no, of, done, more ? 1 : 0, erased],
      accepted: accepted.map((each) => [each.sessionId, reviewRows(each.reviews)] as const),
    })
    return this.#signed(bytes, frame.sig, 'states')
  }

  async #through(frame: FrameOf<'through'>): Promise<string | undefined> {
    const { position, pages, snapshot, sig, at, settled } = frame
    const fault = await this.#position(position)
    if (fault !== undefined) return fault
    if (snapshot === 0) {
      if (position.seq < this.#floorSeq) return 'an answer that is older than its greeting'
      return this.#signed(liveBytes(this.#space, position, at ?? 0), sig, 'the end of an answer')
    }
    // Later commits follow a snapshot, and the signature over `settled` is bound to this link.
    const hashes = this.#events.partHashes(snapshot)
    // Some parts are missing: the snapshot is requested again, and discarded here.
    if (hashes.pages.length !== pages || hashes.lists.length !== (settled?.lists ?? 0))
      return undefined
    const bytes = snapshotBytes(this.#space, position, hashes.pages)
    const about = settledBytes(this.#space, position, { ...hashes, nonce: this.#nonce })
    return (
      (await this.#signed(bytes, sig, 'a snapshot')) ??
      (await this.#signed(about, settled?.sig ?? '', 'the own messages of a snapshot'))
    )
  }

  async #rejections(rejections: readonly Rejection[]): Promise<string | undefined> {
    const { reviewerId } = this.#by
    const faults = await Promise.all(
      rejections.map(async (rejection) => {
        // A rejection of an earlier term, or of a lost lineage, is valid, too: a rejection is
        // final.
        const isIts = rejection.space === this.#space && rejection.reviewerId === reviewerId
        return isIts
          ? this.#signed(rejectionBytes(rejection), rejection.sig, 'a rejection')
          : 'a rejection of another reviewer'
      }),
    )
    return faults.find((fault) => fault !== undefined)
  }

  async #signed(bytes: Uint8Array, sig: string, what: string): Promise<string | undefined> {
    return (await this.#events.verify(bytes, sig))
      ? undefined
      : `${what} that its key has not signed`
  }
}
