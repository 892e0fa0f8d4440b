/**
 * Messages of the tail that are shown before the signature over them is checked, where checks are
 * slow (GATE11). They are kept as pending messages of others are: on top of the canonical state,
 * which never has them, so a fold of their rows without them removes them. Position, storage and
 * outbox do not include them.
 *
 *   frame ─▶ shown ─▶ verified: the tail applies the same entry, it is canonical
 *                └──▶ forged: it leaves the view, and messages that depend on it are refused here
 *
 * Messages are shown in canonical order, up to the first one that cannot be: one of a type or with
 * a register that is not known yet, one of this device that is not in view, or one that changes a
 * row with pending messages, of which the order would be wrong.
 */
import { assert } from '../base/assert.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Entry } from '../history/entry.ts'
import { keptReview } from '../wire/reviews.ts'
import type { Repo } from '../rows/repo.ts'
import type { Change } from '../facts/types.ts'
import type { Accepted } from '../wire/types.ts'
import type { TailEnd, ReadOne, Reviewing, Acceptance, TailFrame, TailPlan } from './tail-plan.ts'

/**
 * Arrivals up to this number are those of unverified messages: they sort before what is pending here,
 * as they do when they are canonical.
 */
export const UNVERIFIED_ARRIVALS_MAX: number = 2 ** 32
/** Arrivals from there up to this number are those of provisional reviews (`client/peers`). */
export const PROVISIONAL_ARRIVALS_MAX: number = 2 ** 33
/** Maximum shown unverified messages; more of them, in a long answer, wait for their checks. */
const MESSAGES_MAX = 256
/** Of the texts of a frame, in UTF-16 units. */
const FRAME_CHARACTERS_MAX = 65_536

export interface UnverifiedParts {
  readonly plan: TailPlan
  /** The entry of an own message without a verdict, shown or not. */
  readonly findWaiting: (sessionId: Uuid, clientSeq: number) => Entry | undefined
}

export class Unverified {
  readonly #repo: Repo
  readonly #parts: UnverifiedParts
  #shown: Entry[] = []
  #arrivals = 0
  /** Of the last message that was shown. */
  #seq = 0
  /** The place that the next frame must continue; undefined: the position. */
  #end: TailEnd | undefined
  /** The reviewer that the frames name. */
  #by: Reviewing | undefined

  constructor(repo: Repo, parts: UnverifiedParts) {
    this.#repo = repo
    this.#parts = parts
  }

  get any(): boolean {
    this.#shown = this.#shown.filter(isUnverified)
    return this.#shown.length > 0
  }

  get seq(): number {
    return this.#seq
  }

  get by(): Reviewing | undefined {
    return this.#by
  }

  /** Shows the messages of a frame that continues the shown ones. `position`: the verified one. */
  show(frame: TailFrame, by: Reviewing, position: TailEnd): void {
    if (frame.texts.length > FRAME_CHARACTERS_MAX) return
    // Messages that were verified since are canonical, and their end is the position.
    const end = this.any ? this.#end : undefined
    const after = end && end.seq > position.seq ? end : position
    const read = this.#parts.plan.read(frame, by.lineage.at(after.seq), after)
    if ('kind' in read) return
    this.#by = by
    const before = this.#shown.length
    const isWhole = read.every((one) =>
      one.batch.accepted.every((accepted) => this.#showOne(accepted, one)),
    )
    assert(this.#shown.length <= MESSAGES_MAX, 'what waits for its check is bounded')
    this.#end = isWhole ? frame.position : undefined
    if (this.#shown.length > before) this.#repo.emit()
  }

  /** Removes and returns the unverified messages: the caller removes them from the view. */
  take(): readonly Entry[] {
    const taken = this.#shown.filter(isUnverified)
    this.#shown = []
    this.#end = undefined
    return taken
  }

  /** Whether the message is in view now. */
  #showOne(accepted: Accepted, one: ReadOne): boolean {
    const inView = this.#inView(accepted)
    if (inView !== 'absent') return inView === 'shown'
    if (this.#shown.length >= MESSAGES_MAX || !accepted.message) return false
    if (!accepted.message.changes.every((change) => this.#canShow(change))) return false
    const step = this.#parts.plan.step(accepted, one, ++this.#arrivals)
    if ('kind' in step || step.isPending) return false
    this.#add(step)
    return true
  }

  #add({ entry, accepted, batch, term }: Acceptance): void {
    const regs = entry.writes.map((write) => write.regs.names)
    const { bases } = keptReview(accepted, { ...term, at: batch.at }, { regs, forked: false })
    for (const write of entry.writes) write.bases = bases?.[write.index]
    assert(entry.review === null, 'what is not checked has no review')
    entry.state = 'unverified'
    this.#repo.messages.add(entry)
    this.#repo.addPending(entry)
    this.#shown.push(entry)
    this.#seq = accepted.seq
  }

  /** A message of this device is shown as pending, or is out of view until its verdict is checked. */
  #inView({ id, session, message }: Accepted): 'shown' | 'hidden' | 'absent' {
    const { messages } = this.#repo
    if (messages.get(id)) return 'shown'
    if (!message) return 'hidden'
    const { sessionId } = session.facts
    const isKnown =
      messages.find(sessionId, message.clientSeq) ??
      this.#parts.findWaiting(sessionId, message.clientSeq) ??
      messages.isAccepted(sessionId, message.clientSeq)
    return isKnown ? 'hidden' : 'absent'
  }

  /** Whether a change can be shown and removed without a trace. */
  #canShow({ shape, entityId }: Change): boolean {
    const table = this.#repo.declared(shape.type)
    if (!table || table.hasPending(entityId)) return false
    return shape.regs.every((reg) => table.registers.slotIfKnown(reg) >= 0)
  }
}

function isUnverified({ state }: Entry): boolean {
  return state === 'unverified'
}
