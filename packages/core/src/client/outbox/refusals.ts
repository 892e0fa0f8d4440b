/**
 * Verdicts against own messages: what they do to the view, to the outbox and to the disk. A
 * refused message leaves the view with everything that stands on it, and stays in the tray
 * (`refused.ts`) until the app has dealt with it.
 */
import type { Uuid } from '../../base/uuid.ts'
import type { Entry, Refusal } from '../../history/entry.ts'
import type { AuthoredMessage } from '../../facts/types.ts'
import { numberName } from '../../history/names.ts'
import type { Rejection } from '../../facts/message.ts'
import type { Outbox } from '../../sync/outbox.ts'
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
} from './refused.ts'
import { DISMISSED } from '../disk/damage.ts'
import { readRejections } from '../disk/restore.ts'
import type { RefusedMessage } from '../store.ts'

export interface RefusalsParts {
  readonly repo: Repo
  readonly outbox: Outbox
  readonly disk: Disk
  readonly storedOwn: StoredOwn
  /** Whether a damaged record has that key in the storage. */
  readonly isDamaged: (key: string) => boolean
  /** These have their verdict: returns the keys of flushes that are done with. */
  readonly settle: (entries: readonly Entry[]) => readonly string[]
  readonly onError: (error: unknown) => void
  /** What is shown as pending besides the outbox: of tabs that are open beside this one. */
  readonly besides: () => readonly Entry[]
  readonly onChange: () => void
  /** An own message leaves the view. */
  readonly onGone: (entry: Entry) => void
  /** Rejections are stored now, as far as the storage works. */
  readonly onRefused: (ids: readonly Uuid[]) => void
  /** Called for each rejected message while the app subscribes to none of them. */
  readonly onUnseen: (message: RefusedMessage) => void
}

export class Refusals {
  readonly messages: RefusedMessages
  readonly #parts: RefusalsParts

  constructor(parts: RefusalsParts) {
    this.#parts = parts
    this.messages = new RefusedMessages((type) => parts.repo.tableNamed(type).reader)
  }

  /** Rejections have arrived. Those of messages that do not wait here are known, or not ours. */
  hear(rejections: readonly Rejection[]): void {
    const { repo, disk } = this.#parts
    const heard = rejections.flatMap((rejection) => {
      const entry = this.#waitingById(rejection.msgId)
      return entry ? [{ entry, rejection }] : []
    })
    if (heard.length === 0) return
    for (const { entry, rejection } of heard) this.#refuse(entry, refusalOf(rejection))
    const gone = new Set(heard.map(({ entry }) => entry))
    const blocked = this.#takeOut(gone)
    const all = [...gone, ...blocked]
    const ids = heard.map(({ rejection }) => rejection.msgId)
    const text = reviewerFrame('rejected', { rejections: heard.map(({ rejection }) => rejection) })
    const stored = disk.write({
      durability: 'strict',
      segments: [segment(this.#freeKey(`rejected:${ids[0]}`), 'rejections', { ids, text })],
      outboxRemove: this.#parts.settle(all),
    })
    void stored.then(() => this.#parts.onRefused(ids))
    this.#parts.onChange()
    repo.emit()
    const rejected = heard.flatMap(({ entry }) => (entry.state === 'rejected' ? [entry.id] : []))
    this.messages.emit(rejected, this.#parts.onError)
    if (!this.messages.isObserved)
      for (const message of this.messages.snapshot())
        if (rejected.includes(message.messageId)) this.#parts.onUnseen(message)
  }

  /** Messages of another tab were refused: they leave the view, and what stands on them here is blocked. */
  leave(gone: ReadonlySet<Entry>): void {
    const { repo, disk, onChange, onError, settle } = this.#parts
    const blocked = this.#takeOut(gone)
    const outboxRemove = settle(blocked)
    if (outboxRemove.length > 0) void disk.write({ durability: 'relaxed', outboxRemove })
    onChange()
    repo.emit()
    this.messages.emit([], onError)
  }

  /**
   * What was refused in earlier sessions of this device: messages with a verdict against them, and
   * those that stand on one; and `lost` ones, which can only be written again. `messages` are stored
   * own ones, in the order in which they were stored.
   */
  restore(state: StoredState, messages: Iterable<AuthoredMessage>, lost: ReadonlySet<Uuid>): void {
    const rejections = readRejections(state)
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

  /** Takes messages out of the tray; on the disk only once `safe`: what replaces them is there. */
  dismiss(ids: readonly Uuid[], safe: Promise<void>): void {
    this.messages.dismiss(ids)
    this.#parts.onChange()
    this.messages.emit([], this.#parts.onError)
    const meta = ids.map((id) => [DISMISSED + id, true] as const)
    void safe.then(() => this.#parts.disk.write({ durability: 'strict', meta }))
  }

  /**
   * Takes entries out of view with all that stands on them. Returns what of that is this tab's, which
   * is blocked now; what is another tab's is for that one to hold.
   */
  #takeOut(gone: ReadonlySet<Entry>): readonly Entry[] {
    const { repo, outbox, besides } = this.#parts
    const standing = descendantsAmong([...outbox.open(), ...besides()], gone)
    repo.removePending([...gone, ...standing])
    const blocked = standing.filter((entry) => outbox.holds(entry))
    for (const entry of blocked) this.#refuse(entry, BLOCKED)
    for (const entry of standing) if (entry.state === 'queued') entry.state = 'blocked'
    return blocked
  }

  /** Own messages that nothing is left of here. The reviewer may have some. */
  addGone(gone: readonly GoneMessage[]): void {
    this.messages.addGone(gone.filter(({ id }) => id === undefined || !this.isSettled(id)))
  }

  /** Whether the reviewer has accepted the message, or the app has dealt with it. */
  isSettled(id: Uuid): boolean {
    return this.messages.isDismissed(id) || this.#parts.repo.messages.isCanonical(id)
  }

  /** What was taken for lost, and turns out to have been accepted. */
  dropAccepted(): void {
    const { repo, onError, onChange } = this.#parts
    const ids = [...this.messages.held()].flatMap(({ id, entry }) =>
      !entry && repo.messages.isCanonical(id) ? [id] : [],
    )
    if (ids.length === 0) return
    this.messages.drop(ids)
    onChange()
    this.messages.emit([], onError)
  }

  #refuse(entry: Entry, refusal: Refusal): void {
    this.#parts.onGone(entry)
    entry.state = stateOf(refusal)
    entry.rejection = refusal
    const held = this.#held(entry, stateOf(refusal), refusal)
    // Two builds publish the same version at once: one is refused, and nobody needs to hear.
    if (held.changes.some(({ type }) => type === SCHEMA.name)) return
    this.messages.add(held)
  }

  /** An entry that could not be shown has no writes here; its stored message has them. */
  #held(entry: Entry, state: Held['state'], refusal: Refusal): Held {
    const { sessionId } = entry.session
    const stored =
      entry.writes.length === 0 && this.#parts.storedOwn.get(sessionId, entry.clientSeq)
    return stored ? heldMessage(stored, state, refusal) : heldEntry(entry, state, refusal)
  }

  /** A damaged record stays where it is, and a known key would not be written again. */
  #freeKey(key: string): string {
    return this.#parts.isDamaged(key) ? this.#freeKey(`${key}+`) : key
  }

  /** What waits for a verdict under that id, shown or not. */
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

function stateOf({ reason }: Refusal): 'rejected' | 'blocked' {
  return reason === 'parent_rejected' ? 'blocked' : 'rejected'
}

function refusalOf({ reason, detail, standing = [] }: Rejection): Refusal {
  return { reason, detail, standing }
}
