/**
 * Handles a reviewer whose data were lost or are older than what this store has read: decides which
 * lineage is followed, which batches are handed back, and which own messages are pending again.
 */
import type { Uuid } from '../base/uuid.ts'
import { factBounds } from '../facts/bounds.ts'
import { authoredIn, readFlush } from '../facts/flush.ts'
import { readSession } from '../facts/session-line.ts'
import type { AuthoredMessage } from '../facts/types.ts'
import type { Lineage } from '../history/lineage.ts'
import type { Limits } from '../facts/limits.ts'
import type { Clock } from '../ports/clock.ts'
import type { HeldStep } from '../sync/hand-back.ts'
import type { KeptFlush } from '../sync/kept-flushes.ts'
import type { Outbox } from '../sync/outbox.ts'
import type { TailApplied } from '../sync/tail.ts'
import type { Repo } from '../rows/repo.ts'
import type { Epoch } from '../wire/records.ts'
import type { Disk } from './disk/disk.ts'
import { Journal } from './disk/journal.ts'
import { Lineages } from './identity/lineages.ts'
import type { OwnMessages } from './outbox/own-messages.ts'

export interface ChangeOverParts {
  readonly limits: Limits
  readonly clock: Clock
  readonly repo: Repo
  readonly outbox: Outbox
  readonly disk: Disk
  readonly own: () => OwnMessages
  /** Called when own messages are pending again. */
  readonly onRevived: () => void
}

export class ChangeOver {
  readonly lineages: Lineages
  readonly journal: Journal
  readonly #parts: ChangeOverParts

  constructor(parts: ChangeOverParts) {
    const { repo, outbox, disk, limits, clock, own } = parts
    this.#parts = parts
    this.journal = new Journal(limits, clock)
    this.lineages = new Lineages({
      disk,
      pending: () => [...repo.messages.entries(), ...outbox.open(), ...own().intake.entries()],
    })
  }

  greeted(epochs: readonly Epoch[]): Lineage {
    return this.lineages.greeted(epochs)
  }

  /** `isOther`: what was shown before is of another lineage, and is replaced in this turn. */
  follow(lineage: Lineage, isOther: boolean): void {
    this.lineages.follow(lineage)
    if (!isOther) return
    this.#parts.repo.messages.forgetAccepted()
    this.#parts.own().flushTaken()
  }

  async held(): Promise<readonly HeldStep[]> {
    return this.journal.held()
  }

  /** A step of the tail was applied; its own messages are not settled yet. */
  taken({ from, settled }: TailApplied, frames: readonly string[]): void {
    const own = new Set(settled.flatMap((entry) => this.#parts.outbox.textOf(entry) ?? []))
    this.journal.add({ from, frames, own: [...own] })
  }

  /**
   * Makes own messages pending again that were accepted on the previous lineage and are not on this
   * one.
   */
  revive(isHere: (sessionId: Uuid, clientSeq: number) => boolean): void {
    const { outbox, onRevived } = this.#parts
    let count = 0
    for (const kept of outbox.partly()) count += this.#again(kept, this.#lost(kept, isHere))
    for (const kept of outbox.kept.take()) {
      const lost = this.#lost(kept, isHere)
      count += this.#again(kept, lost)
      // Messages of this lineage are kept, because it may be lost as well.
      const numbers = [...kept.accepted].filter((no) => lost.every((one) => one.clientSeq !== no))
      if (numbers.length > 0) outbox.kept.add(kept.flush, numbers)
    }
    if (count > 0) onRevived()
  }

  #lost(
    { flush, accepted }: KeptFlush,
    isHere: (sessionId: Uuid, clientSeq: number) => boolean,
  ): readonly AuthoredMessage[] {
    const { sessionId, text } = flush
    if ([...accepted].every((no) => isHere(sessionId, no))) return []
    const end = text.indexOf('\n')
    const session = readSession(text.slice(0, end))
    const bounds = factBounds(this.#parts.limits)
    const read = session.ok && readFlush(session.value, text.slice(end + 1), bounds)
    // Unreachable: the text was read before.
    if (!session.ok || !read || !read.ok) return []
    return authoredIn(read.value, session.value).filter(
      ({ clientSeq }) => accepted.has(clientSeq) && !isHere(sessionId, clientSeq),
    )
  }

  /** Adds the messages to the outbox again, durably: their text is in the storage. */
  #again({ flush }: KeptFlush, lost: readonly AuthoredMessage[]): number {
    if (lost.length === 0) return 0
    const { outbox, disk, own } = this.#parts
    const { intake } = own()
    const entries = lost.map((message) => {
      const { authorId, sessionId } = message.session.facts
      return intake.take({ message, session: { authorId, sessionId }, bases: undefined })
    })
    const again = { ...flush, entries }
    outbox.addAgain(again, entries)
    void disk
      .write({ durability: 'strict', outboxAdd: [flush.key] })
      .then((stored) => outbox.release(again, stored ? 'queued' : 'volatile'))
      .then(this.#parts.onRevived)
    return entries.length
  }
}
