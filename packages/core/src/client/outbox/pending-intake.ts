/**
 * Shows stored messages of other sessions of this device as pending. A message is shown once this
 * view has reached the position that its author had seen, with its rows, and has all messages that it
 * depends on. One of another author id is not shown: a write that depends on it would name it, and
 * reveal to all readers that both are one person's. Messages that are not shown are held here, and sent all the same.
 */
import type { Uuid } from '../../base/uuid.ts'
import { lastOf, standingWrites } from '../../fold/state.ts'
import { type Entry, type SessionRef, type Write, reviewIn } from '../../history/entry.ts'
import { MessageIndex } from '../../history/messages.ts'
import type { AuthoredMessage, OwnSpan } from '../../facts/types.ts'
import { linkParents, toEntry } from '../../history/from-message.ts'
import type { Bases, Position } from '../../facts/message.ts'
import type { Repo } from '../../rows/repo.ts'

export interface PendingIntakeParts {
  readonly repo: Repo
  readonly position: () => Position | null
  /** Whether rows may be known less far than the position. */
  readonly isPartial: boolean
  readonly nextArrival: () => number
  /** Whether messages of an author id are hidden until they are accepted. */
  readonly hides: (authorId: Uuid) => boolean
  /** Notes in a pending message how far its author had read what is followed. */
  readonly noteReadings: (entry: Entry) => void
  readonly onTaken: (entry: Entry) => void
  /** A message was pending here although the canonical state contains it. */
  readonly onOutdated: (entry: Entry) => void
  /** A stored message of this device, and whether the storage has no verdict on it. */
  readonly stored: (
    sessionId: Uuid,
    clientSeq: number,
  ) => { readonly message: AuthoredMessage; readonly isWaiting: boolean } | undefined
}

export interface Taken {
  readonly message: AuthoredMessage
  readonly session: SessionRef
  /** The register values that its author saw, as far as they are stored. */
  readonly bases: readonly Bases[] | undefined
}

/**
 * The state of a message that another one depends on. `here`: shown or accepted; `waits`: not shown
 * yet; `unknown`: lost, blocked, or accepted long ago.
 */
type Fate = 'here' | 'waits' | 'unknown'

export class PendingIntake {
  readonly #parts: PendingIntakeParts
  /** Hidden entries, in causal order. */
  readonly #unseen = new MessageIndex()
  /** All entries of stored messages, hidden and shown; messages of this session are not stored ones. */
  readonly #made = new WeakSet<Entry>()

  constructor(parts: PendingIntakeParts) {
    this.#parts = parts
  }

  /** Returns the entry of a stored message, a known one where there is one, and shows it when possible. */
  take(taken: Taken): Entry {
    const known = this.#known(taken.message.id)
    // It is a message of this device, and pending until its verdict.
    if (known?.state === 'unverified') {
      known.state = 'queued'
      this.#parts.repo.restate()
    }
    if (known) return known
    const entry = this.#entry(taken)
    this.#unseen.add(entry)
    this.#showIfReached(entry)
    return entry
  }

  /** Like `take`, but never shows the entry: it probably has a verdict already. */
  takeUnseen(taken: Taken): Entry {
    return this.#known(taken.message.id) ?? this.#entry(taken)
  }

  /** Shows hidden entries that the view has reached. */
  showReached(): void {
    for (const entry of [...this.#unseen.entries()]) this.#showIfReached(entry)
  }

  /** Hides shown entries that the view has not reached any more, because the canonical state was discarded. */
  hideUnreached(): void {
    const { repo } = this.#parts
    const isHeld = (entry: Entry): boolean =>
      this.#made.has(entry) && !entry.provisional && !this.#isReached(entry)
    const hidden = [...repo.messages.entries()].filter(isHeld)
    repo.removePending(hidden)
    for (const entry of hidden) this.#unseen.add(entry)
  }

  /** All hidden entries. */
  entries(): Iterable<Entry> {
    return this.#unseen.entries()
  }

  /** A hidden entry, by its id. */
  unseen(id: Uuid): Entry | undefined {
    return this.#unseen.get(id)
  }

  /** A hidden entry, by its number. */
  hidden(sessionId: Uuid, clientSeq: number): Entry | undefined {
    return this.#unseen.find(sessionId, clientSeq)
  }

  /** Removes a hidden entry that has a verdict or is not handled here any more. */
  drop(entry: Entry): void {
    const { session, clientSeq } = entry
    if (this.#unseen.find(session.sessionId, clientSeq) === entry) this.#unseen.delete(entry)
  }

  /** Removes entries that the canonical state contains, without a review that is known here. The caller emits. */
  outdated(entries: readonly Entry[]): void {
    const { repo, onOutdated } = this.#parts
    repo.removePending(entries)
    for (const entry of entries) {
      this.drop(entry)
      onOutdated(entry)
    }
  }

  #known(id: Uuid): Entry | undefined {
    return this.#parts.repo.messages.get(id) ?? this.#unseen.get(id)
  }

  #entry({ message, session, bases }: Taken): Entry {
    const { repo, nextArrival, noteReadings, onTaken } = this.#parts
    const entry = toEntry(message, {
      session,
      bases,
      arrival: nextArrival(),
      tableOf: (type) => repo.tableNamed(type).registers,
      pending: (sessionId, clientSeq) =>
        repo.messages.find(sessionId, clientSeq) ?? this.#unseen.find(sessionId, clientSeq),
    })
    entry.state = 'queued'
    this.#made.add(entry)
    noteReadings(entry)
    onTaken(entry)
    return entry
  }

  #showIfReached(entry: Entry): void {
    const { session, clientSeq, review, state } = entry
    const { messages } = this.#parts.repo
    const isAccepted = messages.isAccepted(session.sessionId, clientSeq)
    const isOver = review || isAccepted || state === 'rejected' || state === 'blocked'
    // It may be shown by another intake.
    if (isOver || messages.find(session.sessionId, clientSeq)) this.drop(entry)
    else if (this.#isReached(entry)) this.#show(entry)
  }

  /**
   * A message may be read before those that it depends on, which a tab held that was open; it is shown
   * after them.
   */
  #show(entry: Entry): void {
    const { repo, nextArrival } = this.#parts
    this.drop(entry)
    linkParents(entry, (sessionId, clientSeq) => repo.messages.find(sessionId, clientSeq))
    if (!entry.provisional) entry.arrival = nextArrival()
    repo.messages.add(entry)
    repo.addPending(entry)
  }

  #isReached(entry: Entry): boolean {
    const { seen, writes, session } = entry
    if (this.#parts.hides(session.authorId)) return false
    const position = this.#parts.position()
    // A creation depends on no other write.
    const isRead =
      !seen ||
      seen.seq === 0 ||
      writes.every(({ kind }) => kind === 'create') ||
      // Of another lineage all that is common was read, and the rest is not known here.
      (position !== null && position.seq >= (entry.readings?.here ?? seen.seq))
    return isRead && writes.every((write) => this.#isKnownSoFar(write) && this.#hasAll(write))
  }

  /** Whether the row is known as far as the author of a write knew it. */
  #isKnownSoFar({ kind, type, entityId, named }: Write): boolean {
    if (!this.#parts.isPartial || kind === 'create') return true
    const canonical = this.#parts.repo.tableNamed(type).canonical(entityId)
    const seq = canonical ? reviewIn(lastOf(canonical).entry).seq : 0
    return named === undefined || named.canonical.every((parent) => parent <= seq)
  }

  /** Whether the messages that the author of a write had in view are shown, as far as known. */
  #hasAll(write: Write): boolean {
    const fate = write.kind === 'create' ? 'here' : this.#fateOfView(write)
    // An accepted write is included in a row that is known less far only if the row's state has it.
    if (fate === 'here' && this.#parts.isPartial) return this.#hasParents(write)
    if (fate !== 'unknown') return fate === 'here'
    return this.#hasParents(write)
  }

  /** The combined fate of the messages that were pending in the author's view: `waits` if one waits. */
  #fateOfView({ entry, entityId, own = [] }: Write): Fate {
    const { session, clientSeq, seen } = entry
    const before: OwnSpan = {
      sessionId: session.sessionId,
      from: seen?.from ?? clientSeq,
      clientSeq: clientSeq - 1,
      except: seen?.except ?? [],
    }
    let all: Fate = 'here'
    for (const { sessionId, from, clientSeq: last, except } of [before, ...own]) {
      for (let no = from; no <= last; no++) {
        const fate = except.includes(no) ? 'here' : this.#fate(sessionId, no, entityId)
        if (fate === 'waits') return fate
        if (fate === 'unknown') all = fate
      }
    }
    return all
  }

  #fate(sessionId: Uuid, clientSeq: number, entityId: Uuid): Fate {
    const { repo, stored } = this.#parts
    if (repo.messages.find(sessionId, clientSeq)) return 'here'
    if (repo.messages.isAccepted(sessionId, clientSeq)) return 'here'
    const unseen = this.#unseen.find(sessionId, clientSeq)
    if (unseen) return unseen.writes.some((write) => write.entityId === entityId) ? 'waits' : 'here'
    const found = stored(sessionId, clientSeq)
    if (!found) return 'unknown'
    if (!found.message.changes.some((change) => change.entityId === entityId)) return 'here'
    // Otherwise it has a verdict or is blocked; its record does not show which.
    return found.isWaiting ? 'waits' : 'unknown'
  }

  /** Whether the parents of a write are shown or accepted. A parent may be lost: its draft was never sent. */
  #hasParents({ entry, type, entityId, named }: Write): boolean {
    const { repo, isPartial } = this.#parts
    const state = repo.tableNamed(type).state(entityId)
    const standing = state ? [...standingWrites(state)] : []
    const isHere = (sessionId: Uuid, clientSeq: number): boolean => {
      const { messages } = repo
      if (messages.find(sessionId, clientSeq)) return true
      if (!isPartial && messages.isAccepted(sessionId, clientSeq)) return true
      return standing.some(
        (write) =>
          write.entry.session.sessionId === sessionId && write.entry.clientSeq === clientSeq,
      )
    }
    const { own = [], others = [] } = named ?? {}
    return (
      own.every((clientSeq) => isHere(entry.session.sessionId, clientSeq)) &&
      others.every((span) => isHere(span.sessionId, span.clientSeq))
    )
  }
}
