/**
 * Applies rejections of own messages to the view, the outbox and the disk. A rejected message leaves
 * the view with all messages that depend on it, and stays in the list of refused messages
 * (`refused.ts`) until the app dismisses it.
 */
import type { Uuid } from '../../base/uuid.ts'
import type { Entry, Refusal } from '../../history/entry.ts'
import type { AuthoredMessage } from '../../facts/types.ts'
import type { IsErased } from '../../history/erased.ts'
import { numberName, pendingIn } from '../../history/names.ts'
import type { Rejection } from '../../facts/message.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Outbox } from '../../sync/outbox.ts'
import type { Reviewing } from '../../sync/tail-plan.ts'
import type { StoredState } from '../../ports/storage.ts'
import { reviewerFrame } from '../../wire/frames.ts'
import { type Repo, descendantsAmong } from '../../rows/repo.ts'
import { SCHEMA } from '../../schema/system.ts'
import type { StoredOwn } from '../disk/adopt.ts'
import { type Disk, segment } from '../disk/disk.ts'
import {
  BLOCKED,
  DAMAGED,
  type GoneMessage,
  type Held,
  RefusedMessages,
  heldEntry,
  heldMessage,
  parentNames,
  withoutValues,
} from './refused.ts'
import type { RefusedList } from '../reads/refused-list.ts'
import { DISMISSED } from '../disk/damage.ts'
import { Orphans } from './orphans.ts'
import type { OutboxChange } from './own-messages.ts'
import { ownRejection } from './own-rejection.ts'
import { readRejections } from '../disk/restore.ts'
import type { RefusedMessage } from '../store.ts'

const DISOWNED = {
  reason: 'tampered',
  detail: 'it was written on a message that the reviewer has not signed',
} as const
const ORPHANED = {
  reason: 'parent_lost',
  detail: 'the reviewer has lost its parents, and no store has handed them back',
} as const

export interface RefusalsParts {
  readonly space: Uuid
  readonly clock: Clock
  readonly repo: Repo
  /** The subscribers of refused messages. */
  readonly list: RefusedList
  readonly outbox: Outbox
  readonly disk: Disk
  readonly storedOwn: StoredOwn
  /** Whether the record of that key in the storage is damaged. */
  readonly isDamaged: (key: string) => boolean
  /** Settles entries that have a verdict. Returns what is to be stored of their flushes. */
  readonly settle: (entries: readonly Entry[]) => OutboxChange
  readonly onError: (error: unknown) => void
  /** Pending entries of other open tabs, which are not in the outbox. */
  readonly besides: () => readonly Entry[]
  /** Messages of others that a peer has reviewed, and home has not. */
  readonly ofPeers: () => readonly Entry[]
  readonly onChange: () => void
  /** Called when an own message leaves the view. */
  readonly onGone: (entry: Entry) => void
  /** Called after the write of rejections, whether it succeeded or failed. */
  readonly onRefused: (ids: readonly Uuid[]) => void
  /** Called for each rejected message while the app has no subscriber for them. */
  readonly onUnseen: (message: RefusedMessage) => void
}

export class Refusals {
  readonly messages: RefusedMessages
  readonly orphans: Orphans = new Orphans()
  /**
   * By message: rejections that a reviewer has signed. It may lose them, and gets them back from
   * here.
   */
  readonly #signed = new Map<Uuid, Rejection>()
  readonly #parts: RefusalsParts

  constructor(parts: RefusalsParts) {
    this.#parts = parts
    this.messages = new RefusedMessages((type) => parts.repo.tableNamed(type).reader, parts.list)
  }

  /** Applies rejections. Ignores those of messages that are not open here: known ones, or of other devices. */
  apply(rejections: readonly Rejection[]): void {
    const { repo, disk } = this.#parts
    const applied = rejections.flatMap((rejection) => {
      const entry = this.#waitingById(rejection.msgId)
      return entry ? [{ entry, rejection }] : []
    })
    if (applied.length === 0) return
    this.#noteSigned(applied.map(({ rejection }) => rejection))
    for (const { entry, rejection } of applied) this.#refuse(entry, refusalOf(rejection))
    const gone = new Set(applied.map(({ entry }) => entry))
    const blocked = this.#takeOut(gone)
    const all = [...gone, ...blocked]
    const ids = applied.map(({ rejection }) => rejection.msgId)
    const text = reviewerFrame('rejected', {
      rejections: applied.map(({ rejection }) => rejection),
    })
    const change = this.#parts.settle(all)
    // The app does not show them, so the person does not dismiss them.
    const unasked = all.filter(isUnasked).map(({ id }) => [DISMISSED + id, true] as const)
    const stored = disk.write({
      durability: 'strict',
      segments: [segment(this.#freeKey(`rejected:${ids[0]}`), 'rejections', { ids, text })],
      ...change,
      meta: [...(change.meta ?? []), ...unasked],
    })
    void stored.then(() => this.#parts.onRefused(ids))
    this.#parts.onChange()
    repo.emit()
    const rejected = applied.flatMap(({ entry }) => (entry.state === 'rejected' ? [entry.id] : []))
    this.messages.list.emit(rejected, this.#parts.onError)
    if (!this.messages.list.isObserved)
      for (const message of this.messages.list.snapshot())
        if (rejected.includes(message.messageId)) this.#parts.onUnseen(message)
  }

  /**
   * Removes messages from the view that were shown before their check, and that the reviewer has not
   * signed. This store itself rejects messages that depend on them.
   */
  disown(entries: readonly Entry[], by: Reviewing): void {
    const { repo, outbox } = this.#parts
    this.#refuseAlone([...descendantsAmong(outbox.open(), new Set(entries))], by, DISOWNED)
    repo.removePending(entries)
    repo.emit()
  }

  /**
   * Called when the reviewer lacks the parents of these messages. After a timeout without a
   * hand-back, this store rejects them itself. If they are accepted later, after a hand-back, they
   * leave the list.
   */
  orphaned(entries: readonly Entry[], by: Reviewing): void {
    const { repo, outbox, besides, clock } = this.#parts
    const waiting = [...outbox.open(), ...besides()]
    const given = this.orphans.nacked(entries, waiting, clock.monotonic())
    const all = [...given, ...descendantsAmong(waiting, new Set(given))]
    repo.messages.watchFor(all.map(({ id }) => id))
    this.#refuseAlone(given, by, ORPHANED)
  }

  /** A reviewer has greeted this store. */
  greeted(): void {
    this.orphans.greeted(this.#parts.clock.monotonic())
  }

  /** Rejects these entries itself; no reviewer has signed that. */
  #refuseAlone(
    entries: readonly Entry[],
    { reviewerId, eid, epoch }: Reviewing,
    why: Pick<Rejection, 'reason'> & { readonly detail: string },
  ): void {
    const { space, clock } = this.#parts
    const by = { space, reviewerId, eid, epoch, at: clock.now(), ...why }
    this.apply(entries.map((entry) => ownRejection(entry, by)))
  }

  /** Removes refused messages of another tab from the view, and blocks messages here that depend on them. */
  leave(gone: ReadonlySet<Entry>): void {
    const { repo, disk, onChange, onError, settle } = this.#parts
    const blocked = this.#takeOut(gone)
    if (blocked.length > 0) void disk.write({ durability: 'relaxed', ...settle(blocked) })
    onChange()
    repo.emit()
    this.messages.list.emit([], onError)
  }

  /** Whether an open message depends on one that another tab is to send, and that has no verdict here. */
  get dependsOnOthers(): boolean {
    const { repo, outbox } = this.#parts
    const isKnown = (sessionId: Uuid, clientSeq: number): boolean =>
      repo.messages.isAccepted(sessionId, clientSeq) || !!outbox.find(sessionId, clientSeq)
    for (const { writes } of outbox.open())
      for (const { named } of writes)
        if (named?.others.some(({ sessionId, clientSeq }) => !isKnown(sessionId, clientSeq)))
          return true
    return false
  }

  /**
   * Called for rejections that another tab received: removes these messages from the view, and
   * blocks those that depend on them.
   */
  blockOn(names: ReadonlySet<string>): void {
    const { disk, repo, outbox, settle, besides, onChange, onError } = this.#parts
    const isIn = (sessionId: Uuid, clientSeq: number): boolean =>
      names.has(numberName(sessionId, clientSeq))
    const gone = besides().filter((entry) => isIn(entry.session.sessionId, entry.clientSeq))
    const blocked = [...outbox.open()].filter(({ writes, session }) =>
      writes
        .flatMap(({ named }) => (named ? pendingIn(named, session.sessionId) : []))
        .some(({ sessionId, clientSeq }) => isIn(sessionId, clientSeq)),
    )
    if (gone.length + blocked.length === 0) return
    for (const entry of blocked) this.#refuse(entry, BLOCKED)
    const all = [...blocked, ...this.#takeOut(new Set([...gone, ...blocked]))]
    void disk.write({ durability: 'relaxed', ...settle(all) })
    onChange()
    repo.emit()
    this.messages.list.emit([], onError)
  }

  /**
   * Restores refused messages of earlier sessions of this device: rejected ones, those that depend on
   * them, and `lost` ones, which cannot be sent. `messages`: stored own ones, in stored order.
   */
  restore(state: StoredState, messages: Iterable<AuthoredMessage>, lost: ReadonlySet<Uuid>): void {
    const rejections = readRejections(state)
    this.#noteSigned(rejections.values())
    for (const key of state.meta.keys())
      if (key.startsWith(DISMISSED)) this.messages.addDismissed(key.slice(DISMISSED.length))
    for (const message of messages) {
      if (this.#parts.repo.messages.hasAccepted(message) || isSystem(message)) continue
      const { id, session, clientSeq } = message
      if (this.messages.has(id))
        this.messages.addName(numberName(session.facts.sessionId, clientSeq))
      const rejection = rejections.get(id)
      if (rejection) {
        const refusal = refusalOf(rejection)
        this.messages.add(heldMessage(message, stateOf(refusal), refusal))
      } else if (lost.has(id)) {
        this.messages.add(heldMessage(message, 'rejected', DAMAGED))
      } else if (this.messages.hasAny(parentNames(message))) {
        this.messages.add(heldMessage(message, 'blocked', BLOCKED))
      }
    }
  }

  /**
   * Dismisses messages; on disk only after `safe`, when the messages that replace them are durable.
   * Resolves after that write.
   */
  async dismiss(ids: readonly Uuid[], safe: Promise<void>): Promise<void> {
    this.messages.dismiss(ids)
    this.#parts.onChange()
    this.messages.list.emit([], this.#parts.onError)
    const meta = ids.map((id) => [DISMISSED + id, true] as const)
    await safe
    await this.#parts.disk.write({ durability: 'strict', meta })
  }

  /**
   * Removes entries from the view with all that depend on them. Returns the dependents of this tab,
   * which are blocked now; those of another tab are kept by that tab.
   */
  #takeOut(gone: ReadonlySet<Entry>): readonly Entry[] {
    const { repo, outbox, besides, ofPeers } = this.#parts
    const standing = descendantsAmong([...outbox.open(), ...besides(), ...ofPeers()], gone)
    repo.removePending([...gone, ...standing])
    const blocked = standing.filter((entry) => outbox.holds(entry))
    for (const entry of blocked) this.#refuse(entry, BLOCKED)
    for (const entry of standing) if (entry.state === 'queued') entry.state = 'blocked'
    return blocked
  }

  /** Adds own messages whose content is lost. The reviewer may have accepted some. */
  addGone(gone: readonly GoneMessage[]): void {
    this.messages.addGone(gone.filter(({ id }) => id === undefined || !this.isSettled(id)))
  }

  /** Whether the reviewer has accepted the message, or the app has dismissed it. */
  isSettled(id: Uuid): boolean {
    return this.messages.isDismissed(id) || this.#parts.repo.messages.isCanonical(id)
  }

  /** Removes messages that were thought lost, or that this store has given up, and are accepted. */
  dropAccepted(): void {
    const { repo, onError, onChange } = this.#parts
    const ids = [...this.messages.held()].flatMap(({ id }) =>
      repo.messages.isCanonical(id) ? [id] : [],
    )
    if (ids.length === 0) return
    this.messages.drop(ids)
    onChange()
    this.messages.list.emit([], onError)
  }

  /** Erases the values that stood in a row. A rejection without them is not as it was signed. */
  erase(isErased: IsErased): void {
    for (const [id, { standing = [] }] of this.#signed)
      if (withoutValues(standing, isErased) !== standing) this.#signed.delete(id)
    this.messages.erase(isErased)
    this.messages.list.emit([], this.#parts.onError)
  }

  /** The rejections of these messages that a reviewer has signed. */
  signed(ids: readonly Uuid[]): readonly Rejection[] {
    return ids.flatMap((id) => this.#signed.get(id) ?? [])
  }

  #noteSigned(rejections: Iterable<Rejection>): void {
    for (const one of rejections) if (one.sig !== '') this.#signed.set(one.msgId, one)
  }

  #refuse(entry: Entry, refusal: Refusal): void {
    this.#parts.onGone(entry)
    entry.state = stateOf(refusal)
    entry.rejection = refusal
    const held = this.#held(entry, stateOf(refusal), refusal)
    if (!isUnasked(entry)) this.messages.add(held)
  }

  /** The changes of an entry; a hidden entry has none, so they come from its stored message. */
  #held(entry: Entry, state: Held['state'], refusal: Refusal): Held {
    const { sessionId } = entry.session
    const stored =
      entry.writes.length === 0 && this.#parts.storedOwn.get(sessionId, entry.clientSeq)
    return stored ? heldMessage(stored, state, refusal) : heldEntry(entry, state, refusal)
  }

  /** A key without a damaged record: storages do not overwrite existing keys. */
  #freeKey(key: string): string {
    return this.#parts.isDamaged(key) ? this.#freeKey(`${key}+`) : key
  }

  /** The entry without a verdict of that id, shown or hidden. */
  #waitingById(id: Uuid): Entry | undefined {
    const { repo, outbox } = this.#parts
    const known = repo.messages.get(id)
    if (known) return outbox.holds(known) ? known : undefined
    return outbox.byId(id)
  }
}

function isSystem({ changes }: AuthoredMessage): boolean {
  return changes.some(({ shape }) => shape.type === SCHEMA.name)
}

/** Two builds may publish the same version: one is rejected, which the app need not handle. */
function isUnasked({ writes }: Entry): boolean {
  return writes.some(({ type }) => type === SCHEMA.name)
}

function stateOf({ reason }: Refusal): 'rejected' | 'blocked' {
  return reason === 'parent_rejected' ? 'blocked' : 'rejected'
}

function refusalOf({ reason, detail, standing = [] }: Rejection): Refusal {
  return { reason, detail, standing }
}
