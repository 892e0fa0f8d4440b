/**
 * What peers have reviewed while home is away, on top of what home has said: own messages get the mark
 * of it, and messages of others are shown as pending ones with the same mark. Position, storage and
 * outbox know nothing of it.
 *
 *   reviewed by a peer ─▶ shown as `provisional` ─▶ home accepts it: by the tail, as any other
 *                                  │      └─▶ another peer reviews, and has it not: of an own message the
 *                                  │          mark goes, one of others goes (an orphan), unless something
 *                                  │          own was written on it
 *                                  └─▶ home is back, and its author does not bring it in time: it goes
 *
 * It also keeps the tail of the peers, so that the next reviewer can go on with it.
 */
import { assert } from '../../base/assert.ts'
import type { Uuid } from '../../base/uuid.ts'
import { NO_BYTES, type Bytes, addBytes, utf8Bytes } from '../../base/size.ts'
import { outcomeOf } from '../../facts/malformed.ts'
import type { Hash } from '../../base/hash.ts'
import type { Position, SessionOpening } from '../../facts/message.ts'
import { Entry } from '../../history/entry.ts'
import type { Lineage } from '../../history/lineage.ts'
import type { PeerBatch } from '../../node/provisional.ts'
import type { Outbox } from '../../sync/outbox.ts'
import type { Flush } from '../../sync/own-flush.ts'
import type { PeerSeal, SignedBatch, SignedStep } from '../../sync/peer-seals.ts'
import type { Repo } from '../../rows/repo.ts'
import type { ReadOne } from '../../sync/tail-plan.ts'
import { UNVERIFIED_ARRIVALS_MAX } from '../../sync/unverified.ts'
import { completedBatch } from '../../wire/completed.ts'
import type { Accepted } from '../../wire/types.ts'
import type { PendingIntake } from '../outbox/pending-intake.ts'
import type { BatchToBring } from './bringing.ts'

/** Of the tail; a longer one is given up, and the next reviewer begins anew behind home. */
const TAIL_BYTES_MAX = 4_194_304
/** Messages of others that are shown; more are not. */
const OTHERS_MAX = 8_192

/** A batch with every line of what was accepted, and the seal of each flush. */
type Whole = Pick<PeerBatch, 'text' | 'seals'>

export interface ProvisionalViewParts {
  readonly repo: Repo
  readonly outbox: Outbox
  /** Of messages of other authors alone. */
  readonly intake: PendingIntake
  /** Of messages of this device. */
  readonly ownIntake: PendingIntake
  readonly nextArrival: () => number
  /** That of a session of this device, whose messages are known here, or are refused. */
  readonly opening: (sessionId: Uuid) => Pick<SessionOpening, 'publicKey'> | undefined
  /** Called with what home may lack when it is back. */
  readonly onTaken: (batch: BatchToBring) => void
}

export class ProvisionalView {
  readonly #parts: ProvisionalViewParts
  /** Messages of others, shown or hidden. */
  #others = new Set<Entry>()
  /** Own messages with the mark. */
  #own = new Set<Entry>()
  #tail: PeerBatch[] = []
  #tailBytes: Bytes = NO_BYTES
  /** Whether the tail has all since `home`. */
  #home: Position | undefined

  constructor(parts: ProvisionalViewParts) {
    this.#parts = parts
  }

  /** Messages of others without a verdict of home. */
  others(): readonly Entry[] {
    return [...this.#others].filter(isOpen)
  }

  /** What peers have accepted after that position of home, in order. */
  tailAfter({ eid, seq }: Position): readonly PeerBatch[] {
    return this.#home?.eid === eid && this.#home.seq === seq ? this.#tail : []
  }

  /** Batches that follow that position of home, and what was taken in since. */
  taken({ batches, position }: SignedStep, home: Position): void {
    const whole = batches.map((one) => this.#completed(one))
    for (const [i, one] of batches.entries()) if (whole[i]) this.#hold(one, whole[i])
    this.#keep({ batches, position }, whole, home)
    const touched = batches.flatMap((one) =>
      one.batch.accepted.flatMap((accepted) => this.#mark(accepted, one) ?? []),
    )
    const { intake, ownIntake, repo } = this.#parts
    repo.reorder(touched)
    // Own ones may have waited for those of others, and the other way round.
    for (const one of [intake, ownIntake, intake]) one.showReached()
    repo.emit()
  }

  /** Another reviewer is followed, and all that it has is here: what is not of its lineage is an orphan. */
  settle(lineage: Lineage): void {
    this.#orphan(({ provisional }) => !provisional || !lineage.has(provisional))
  }

  /** Home reviews again: messages that their authors have not brought to it leave the view. */
  release(): void {
    this.#orphan(() => true)
  }

  get any(): boolean {
    return this.#others.size + this.#own.size > 0
  }

  #orphan(isLost: (entry: Entry) => boolean): void {
    const { repo, nextArrival, intake } = this.#parts
    const own = [...this.#own].filter((entry) => isOpen(entry) && isLost(entry))
    const lost = [...this.#others].filter((entry) => isOpen(entry) && isLost(entry))
    const needed = this.#needed()
    const gone = lost.filter((entry) => !needed.has(entry))
    for (const entry of gone) {
      intake.drop(entry)
      this.#others.delete(entry)
    }
    for (const entry of own) this.#own.delete(entry)
    const stay = [...lost.filter((entry) => needed.has(entry)), ...own]
    for (const entry of stay.sort((a, b) => a.arrival - b.arrival)) {
      entry.provisional = undefined
      entry.arrival = nextArrival()
    }
    for (const entry of [...this.#others, ...this.#own])
      if (!isOpen(entry) && !this.#others.delete(entry)) this.#own.delete(entry)
    repo.removePending(gone.filter((entry) => repo.messages.get(entry.id) === entry))
    repo.reorder(stay)
    repo.emit()
  }

  /** Messages of others on which something own was written. */
  #needed(): ReadonlySet<Entry> {
    const needed = new Set<Entry>()
    const waiting = [...this.#parts.outbox.open()]
    for (let entry = waiting.pop(); entry; entry = waiting.pop())
      for (const { parents } of entry.writes)
        for (const { entry: parent } of parents) {
          if (!this.#others.has(parent) || needed.has(parent)) continue
          needed.add(parent)
          waiting.push(parent)
        }
    return needed
  }

  /** Marks the entry of an accepted message, a new one for a message of another author. */
  #mark(accepted: Accepted, { own, term }: ReadOne): Entry | undefined {
    const entry = this.#entryOf(accepted, own.found)
    // Home has its verdict, or the number is of another message: a peer that lies changes nothing here.
    if (!entry || !isOpen(entry) || entry.id !== accepted.id) return undefined
    const { reviewerId, eid, epoch } = term
    const { seq } = accepted
    entry.provisional = { isProvisional: true, reviewerId, eid, epoch, seq }
    entry.arrival = UNVERIFIED_ARRIVALS_MAX + seq
    if (this.#parts.outbox.holds(entry)) this.#own.add(entry)
    return entry
  }

  #entryOf(
    { session, message, id, hash, seen }: Accepted,
    found: ReadOne['own']['found'],
  ): Entry | undefined {
    const { repo, outbox, intake } = this.#parts
    const { sessionId, authorId } = session.facts
    const clientSeq = message?.clientSeq ?? found.get(hash)?.clientSeq
    if (clientSeq === undefined || repo.messages.isAccepted(sessionId, clientSeq)) return undefined
    const known =
      repo.messages.find(sessionId, clientSeq) ??
      outbox.find(sessionId, clientSeq) ??
      intake.hidden(sessionId, clientSeq)
    const isFull = this.#others.size >= OTHERS_MAX
    if (known || !message || isFull || this.#parts.opening(sessionId)) return known
    const authored = { ...message, id, hash, session, seen }
    const entry = intake.take({
      message: authored,
      session: { authorId, sessionId },
      bases: undefined,
    })
    this.#others.add(entry)
    return entry
  }

  #hold({ batch, before: from, term }: SignedBatch, { text, seals }: Whole): void {
    const { throughSeq: seq, chain, accepted } = batch
    const { eid, epoch } = term
    const others = accepted.flatMap(({ session, message }) => {
      const { sessionId } = session.facts
      // Own messages are offered, as ever.
      return message && !this.#parts.opening(sessionId)
        ? [{ sessionId, clientSeq: message.clientSeq }]
        : []
    })
    this.#parts.onTaken({ text, seals, from, position: { eid, epoch, seq, chain }, others })
  }

  /** Adds to the tail; its lines are complete. */
  #keep(
    { batches: read, position }: SignedStep,
    whole: readonly (Whole | undefined)[],
    home: Position,
  ): void {
    const isNew = this.#home?.eid !== home.eid || this.#home.seq !== home.seq
    const [first] = read
    // It begins again behind home, where another peer reviews otherwise.
    if (isNew || (first && first.batch.fromSeq === home.seq + 1)) {
      this.#tail = []
      this.#tailBytes = NO_BYTES
      this.#home = home
    }
    for (const [i, one] of read.entries()) {
      const { batch, term } = one
      const end = this.#tail.at(-1)?.position ?? home
      if (batch.fromSeq !== end.seq + 1) return this.#forget()
      const completed = whole[i]
      if (!completed) return this.#forget()
      const { text } = completed
      const { eid, epoch } = term
      const after = { eid, epoch, seq: batch.throughSeq, chain: batch.chain }
      const isLast = i === read.length - 1
      assert(!isLast || after.seq === position.seq, 'what is taken in ends at its position')
      this.#tail.push({
        ...{ ...completed, fromSeq: batch.fromSeq, position: isLast ? position : after },
      })
      this.#tailBytes = addBytes(this.#tailBytes, utf8Bytes(text))
    }
    if (this.#tailBytes > TAIL_BYTES_MAX) this.#forget()
  }

  #forget(): void {
    this.#home = undefined
    this.#tail = []
    this.#tailBytes = NO_BYTES
  }

  /** With the lines and the seals of own messages; undefined where one is missing. */
  #completed({ text, own, batch, seals }: SignedBatch): Whole | undefined {
    const flushOf = (hash: Hash): Flush | undefined => {
      const found = own.found.get(hash)
      return found instanceof Entry ? this.#parts.outbox.flushOf(found) : undefined
    }
    // One object for each head line.
    const flushes = [...new Map(batch.accepted.map((one) => [one.seen, one.hash])).values()]
    const whole = seals.map((seal, i) => seal ?? this.#ownSeal(flushOf(flushes[i]!))) // one for each
    const known = whole.filter((seal) => seal !== undefined)
    if (known.length < whole.length) return undefined
    const texts = [...own.found.keys()].flatMap((hash) => flushOf(hash)?.text ?? [])
    const completed = outcomeOf(() => completedBatch(text, [...new Set(texts)]))
    if (!completed.ok || completed.value === undefined) return undefined
    return { text: completed.value, seals: known }
  }

  #ownSeal(flush: Flush | undefined): PeerSeal | undefined {
    const opening = flush && this.#parts.opening(flush.sessionId)
    if (!opening) return undefined
    const { sessionId, sig: seal } = flush
    return { sessionId, publicKey: opening.publicKey, seal }
  }
}

function isOpen({ review, state }: Entry): boolean {
  return !review && state !== 'rejected' && state !== 'blocked' && state !== 'dismissed'
}
