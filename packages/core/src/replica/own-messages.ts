/**
 * The messages of this device that have no verdict yet: of this session, and of others that are in
 * the storage. What their authors had seen, which of them are shown, and how each ends.
 */
import type { Uuid } from '../base/uuid.ts'
import type { Entry, SessionRef } from '../history/entry.ts'
import type { Message, Position } from '../message/message.ts'
import type { Outbox } from '../messaging/outbox.ts'
import type { Draft } from '../repo/draft.ts'
import type { Repo } from '../repo/repo.ts'
import { StoredOwn } from './adopt.ts'
import { AuthorView } from './author-view.ts'
import type { Disk } from './disk.ts'
import { PartlyAccepted } from './partly-accepted.ts'
import { PendingIntake } from './pending-intake.ts'
import { Settling } from './settling.ts'

export interface OwnMessagesParts {
  readonly repo: Repo
  readonly outbox: Outbox
  readonly disk: Disk
  readonly position: () => Position | null
  readonly nextArrival: () => number
}

export class OwnMessages {
  readonly stored: StoredOwn = new StoredOwn()
  readonly intake: PendingIntake
  readonly #parts: OwnMessagesParts
  readonly #partlyAccepted: PartlyAccepted
  readonly #settling = new Settling()
  #session: SessionRef | undefined
  #view: AuthorView | undefined

  constructor(parts: OwnMessagesParts) {
    this.#parts = parts
    this.#partlyAccepted = new PartlyAccepted(parts.disk)
    this.intake = new PendingIntake({
      ...parts,
      stored: (sessionId, clientSeq) => {
        const message = this.stored.get(sessionId, clientSeq)
        return message && { message, isWaiting: this.stored.isWaiting(message) }
      },
    })
  }

  /** The session that writes here is known. */
  begin(session: SessionRef): void {
    const { repo, outbox, position } = this.#parts
    this.#session = session
    this.#view = new AuthorView({
      sessionId: session.sessionId,
      messages: repo.messages,
      position,
      oldestOwn: () => outbox.oldestOf(session.sessionId),
    })
  }

  /** Puts into a message that is about to be committed what its author has seen. */
  noteSeen(draft: Draft): void {
    this.#view!.note(draft)
  }

  /** A flush is taken: what is written next is seen anew. */
  flushTaken(): void {
    this.#view!.close()
  }

  /** An own message leaves the view. */
  gone({ session, clientSeq }: Entry): void {
    if (session === this.#session) this.#view!.refused(clientSeq)
  }

  /** The position has moved: more of what is pending may be shown. */
  moved(): void {
    this.intake.showReached()
    this.#parts.repo.emit()
  }

  /** An own message by the names that its author gives it. */
  readonly find = (sessionId: Uuid, clientSeq: number): Entry | Message | undefined =>
    this.#parts.outbox.find(sessionId, clientSeq) ?? this.stored.get(sessionId, clientSeq)

  /** These have their verdict. Returns the keys of flushes that are done with. */
  settle(entries: readonly Entry[]): string[] {
    const { outbox } = this.#parts
    const keys: string[] = []
    for (const entry of entries) {
      const key = outbox.settle(entry)
      if (key) keys.push(key)
      this.#settling.done(entry)
      this.intake.drop(entry)
    }
    this.#partlyAccepted.store(outbox)
    return keys
  }

  /** Resolves when the entry has its verdict. */
  settled(entry: Entry): Promise<void> {
    return this.#settling.settled(entry)
  }
}
