/**
 * The messages of this device without a verdict, of this session and of others in the storage:
 * records what their authors have seen, shows them when the view allows it, and settles them.
 */
import type { Uuid } from '../../base/uuid.ts'
import type { Entry, SessionRef } from '../../history/entry.ts'
import type { AuthoredMessage } from '../../facts/types.ts'
import type { Position } from '../../facts/message.ts'
import type { Outbox, SettledFlush } from '../../sync/outbox.ts'
import type { TailReader } from '../../sync/tail.ts'
import type { Draft } from '../../rows/draft.ts'
import type { Repo } from '../../rows/repo.ts'
import { StoredOwn } from '../disk/adopt.ts'
import { AuthorView } from './author-view.ts'
import type { Disk } from '../disk/disk.ts'
import { OwnBytes } from '../disk/own-bytes.ts'
import { PartlyAccepted } from '../disk/partly-accepted.ts'
import { rankOf } from '../disk/rank.ts'
import { SettledNumbers } from '../disk/settled-numbers.ts'
import type { WriteBatch } from '../../ports/storage.ts'
import { PendingIntake } from './pending-intake.ts'

/** What is stored of flushes with all their verdicts. */
export type OutboxChange = Pick<WriteBatch, 'outboxRemove' | 'settled' | 'meta'>

export interface OwnMessagesParts {
  readonly repo: Repo
  readonly outbox: Outbox
  readonly disk: Disk
  readonly tail: Pick<TailReader, 'position' | 'shownSeq'>
  readonly noteReadings: (entry: Entry) => void
  /** As `PendingIntakeParts`: a stored message was read; one was pending for too long. */
  readonly erasing: () => {
    taken(entry: Entry): void
    outdated(entry: Entry): void
  }
  /** Whether the store follows scopes. */
  readonly isPartial: boolean
  readonly nextArrival: () => number
}

export class OwnMessages {
  readonly stored: StoredOwn = new StoredOwn()
  /** Of the stored flushes that the next checkpoint deletes. */
  readonly settledBytes: OwnBytes = new OwnBytes()
  readonly intake: PendingIntake
  readonly #partlyAccepted: PartlyAccepted
  readonly #parts: OwnMessagesParts
  readonly #numbers = new SettledNumbers()
  /** Callers that wait for a verdict. */
  readonly #waiting = new Map<Entry, (() => void)[]>()
  #session: SessionRef | undefined
  #view: AuthorView | undefined

  constructor(parts: OwnMessagesParts) {
    this.#parts = parts
    const position = (): Position | null => parts.tail.position
    this.#partlyAccepted = new PartlyAccepted({ ...parts, position, messages: parts.repo.messages })
    this.intake = new PendingIntake({
      ...{ ...parts, position },
      onTaken: (entry) => parts.erasing().taken(entry),
      onOutdated: (entry) => parts.erasing().outdated(entry),
      hides: (authorId) => authorId !== this.#session?.authorId,
      stored: (sessionId, clientSeq) => {
        const message = this.stored.get(sessionId, clientSeq)
        return message && { message, isWaiting: this.stored.isWaiting(message) }
      },
    })
  }

  /** The parts that handle messages of other sessions. */
  get ofOthers(): {
    readonly storedOwn: StoredOwn
    readonly intake: PendingIntake
    readonly partlyAccepted: PartlyAccepted
    readonly changeOf: OwnMessages['changeOf']
  } {
    return {
      storedOwn: this.stored,
      intake: this.intake,
      partlyAccepted: this.#partlyAccepted,
      changeOf: this.changeOf,
    }
  }

  /** Sets the session that writes here. */
  begin(session: SessionRef): void {
    const { repo, outbox, tail, noteReadings } = this.#parts
    this.#session = session
    this.#view = new AuthorView({
      sessionId: session.sessionId,
      isPartial: this.#parts.isPartial,
      messages: repo.messages,
      position: () => tail.position,
      noteReadings,
      tableOf: (entityId) => repo.tableOf(entityId),
      oldestOwn: () => outbox.oldestOf(session.sessionId),
    })
  }

  /** Records in a message, before its commit, what its author has seen. */
  noteSeen(draft: Draft): void {
    // Set by `begin`, before the first write.
    this.#view!.note(draft)
    draft.entry.writtenAt = this.#parts.tail.shownSeq
  }

  /** Called when a flush is closed: the next message computes `seen` again. */
  flushTaken(): void {
    // Set by `begin`, before the first write.
    this.#view!.close()
  }

  /** Called when an own message leaves the view. */
  gone({ session, clientSeq }: Entry): void {
    // Set by `begin`, before the first write.
    if (session === this.#session) this.#view!.refused(clientSeq)
  }

  /** Called when the position has moved: more pending messages may be shown. */
  moved(): void {
    this.intake.showReached()
    this.#parts.repo.emit()
  }

  /** Finds an own message by its id. */
  readonly find = (id: Uuid): Entry | AuthoredMessage | undefined => {
    const { repo, outbox } = this.#parts
    return (
      repo.messages.get(id) ?? this.intake.unseen(id) ?? this.stored.byId(id) ?? outbox.byId(id)
    )
  }

  /** Settles entries that have a verdict. Returns what is to be stored of flushes without open messages. */
  settle(entries: readonly Entry[]): OutboxChange {
    const { outbox } = this.#parts
    const flushes: SettledFlush[] = []
    for (const entry of entries) {
      const flush = outbox.settle(entry)
      if (flush) flushes.push(flush)
      for (const resolve of this.#waiting.get(entry) ?? []) resolve()
      this.#waiting.delete(entry)
      this.intake.drop(entry)
    }
    this.#partlyAccepted.store()
    return this.changeOf(flushes)
  }

  /**
   * What is to be stored of flushes with all their verdicts: one of which a message was refused stays
   * until that is dismissed (DSK4).
   */
  readonly changeOf = (flushes: readonly SettledFlush[]): OutboxChange => {
    const { tail } = this.#parts
    if (flushes.length === 0) return {}
    const isCovered = ({ isAccepted }: SettledFlush): boolean =>
      isAccepted && tail.position !== null
    const covered = flushes.filter(isCovered)
    for (const { bytes } of covered) this.settledBytes.add(bytes)
    return {
      outboxRemove: flushes.filter((flush) => !isCovered(flush)).map(({ key }) => key),
      // The position contains what was accepted.
      settled: covered.map(({ key }) => ({ key, rank: rankOf(tail.position!) })),
      // Set by `begin`, before the first verdict.
      meta: this.#numbers.add(flushes, this.#session!.sessionId),
    }
  }

  /** Resolves when the entry has a verdict. */
  settled(entry: Entry): Promise<void> {
    if (entry.review || entry.rejection) return Promise.resolve()
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(entry)
      if (waiting) waiting.push(resolve)
      else this.#waiting.set(entry, [resolve])
    })
  }
}
