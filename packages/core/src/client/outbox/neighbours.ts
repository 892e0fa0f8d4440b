/**
 * Messages of other open tabs of this device: stored and unsent ones are shown here, too, as
 * pending. Read when the store opens, and after each notification of another tab. The other tab
 * sends them; messages of an ended session are adopted (`adopter.ts`).
 *
 *   flush stored ─▶ post ─▶ (others) ─▶ shown as pending ─▶ accepted: by the tail
 *                                                       └─▶ refused: leaves the view, with its
 *                                                           dependents here
 *
 * A notification has the record of a flush, unless it is large: then the storage is read. A lost one
 * is recovered by the next reading.
 *
 * A message whose author has seen more than this view is shown later (`pending-intake.ts`). A message
 * of this tab may depend on one of another tab: the reviewer nacks it (`parent_unknown`) until it has
 * that one. Without a channel none of this happens.
 */
import type { StoreApi } from 'zustand/vanilla'
import { checksum } from '../../base/checksum.ts'
import type { Uuid } from '../../base/uuid.ts'
import { factBounds } from '../../facts/bounds.ts'
import type { Entry } from '../../history/entry.ts'
import type { Channel } from '../../ports/channel.ts'
import type { Segment, StoredSegment, StoredState } from '../../ports/storage.ts'
import type { Repo } from '../../rows/repo.ts'
import type { Disk } from '../disk/disk.ts'
import type { ReplicaOptions } from '../options.ts'
import { type Ended, type Hint, channelOf } from './hint.ts'
import type { Refusals } from './refusals.ts'
import type { PendingIntake } from './pending-intake.ts'
import { type StoredFlush, readFlushes, readRejections } from '../disk/restore.ts'
import type { SessionLocks } from '../identity/session-locks.ts'
import type { SyncStatus } from '../store.ts'

/** Records up to this size are sent to other tabs as they are. */
const POSTED_CHARS_MAX = 65_536
/** Delay before reading: an online tab has usually sent the message by then, and nothing is left to show. */
const LOOK_AFTER_MS = 300
/** Reading takes at most a tenth of the time. */
const READING_SHARE = 10
/** Time for accepted messages to arrive by the tail. */
const SETTLED_MS = 2_000

export interface NeighboursParts {
  readonly options: Pick<ReplicaOptions, 'space' | 'platform' | 'limits'>
  /** The partition that is open. */
  readonly partition: Uuid
  readonly sessionId: () => Uuid
  readonly disk: Disk
  readonly locks: SessionLocks
  readonly repo: Repo
  readonly refusals: Refusals
  readonly status: StoreApi<SyncStatus>
  readonly intake: PendingIntake
  /** Resolves when the store has read its storage; before that nothing is shown here. */
  readonly ready: () => Promise<void>
  /** Called when another tab has closed the partition. */
  readonly onEnded: (ended: Ended) => void
  /** Another tab has replaced the key that writes here. */
  readonly onRotated: () => void
}

interface Shown {
  /** In causal order. */
  readonly entries: readonly Entry[]
  /** Monotonic ms at which the flush was first found to be out of the outbox. */
  readonly settledAt?: number
}

export class Neighbours {
  readonly #parts: NeighboursParts
  readonly #channel: Channel | undefined
  readonly #unsubscribe: () => void
  /** By key of the flush. */
  readonly #shown = new Map<string, Shown>()
  #cancel: (() => void) | undefined
  #readMs = 0
  #closed = false

  constructor(parts: NeighboursParts) {
    this.#parts = parts
    this.#channel = parts.options.platform.channel?.(channelOf(parts.partition), (message) =>
      this.#onMessage(message),
    )
    this.#unsubscribe = parts.status.subscribe(({ connection }, before) => {
      if (connection === 'online' && before.connection !== 'online') this.#lookIfOpen()
    })
  }

  /**
   * Notifies other tabs: this one has stored or settled messages, these were refused, or the person has
   * left. Returns whether there is a channel.
   */
  notify({ refused = [], settled = false, stored, ended, isRotated }: Partial<Hint>): boolean {
    if (this.#closed || !this.#channel) return false
    const isSmall = stored !== undefined && stored.text.length <= POSTED_CHARS_MAX
    const hint: Hint = { refused, settled, stored: isSmall ? stored : undefined, ended, isRotated }
    this.#channel.post(hint)
    return true
  }

  /** Shows stored messages of sessions that are open in other tabs, and removes settled ones. */
  update(state: StoredState): void {
    if (!this.#channel) return
    this.#refused(new Set(readRejections(state).keys()))
    const open = new Set(state.outbox)
    this.#show(state.segments.filter(({ key }) => open.has(key)))
    for (const [key, { entries }] of this.#shown) {
      if (!open.has(key)) this.#letGo(key)
      // The storage was read before it had the flush, which another tab had posted already.
      else this.#shown.set(key, { entries })
    }
  }

  /** Shows flushes of other tabs that are not shown yet. */
  #show(stored: readonly StoredSegment[]): void {
    const { sessionId, locks, options } = this.#parts
    const segments = stored.filter(({ key }) => !this.#shown.has(key))
    const outbox = segments.map(({ key }) => key)
    const reading = { space: options.space, bounds: factBounds(options.limits) }
    for (const flush of readFlushes({ segments, outbox }, reading).flushes) {
      // `readFlushes` returns no flush without messages.
      const by = flush.messages[0]!.session.facts.sessionId
      if (by === sessionId() || locks.holds(by)) continue
      this.#shown.set(flush.key, { entries: this.#taken(flush) })
    }
  }

  /** Entries that are pending here and sent by another tab. */
  shown(): readonly Entry[] {
    return [...this.#shown.values()].flatMap(({ entries }) => entries.filter(isOpen))
  }

  close(): void {
    this.#closed = true
    this.#cancel?.()
    this.#unsubscribe()
    this.#channel?.close()
  }

  #onMessage(message: unknown): void {
    if (this.#closed) return
    const { refused, settled, stored, ended, isRotated } = message as Hint
    if (ended !== undefined) {
      this.#parts.onEnded(ended)
      return
    }
    if (isRotated) {
      this.#parts.onRotated()
      return
    }
    if (refused.length > 0) this.#refused(new Set(refused))
    if (settled) this.#lookIfOpen()
    else if (stored && checksum(stored.text) === stored.check) void this.#showIfStored(stored)
    else this.#lookLater(LOOK_AFTER_MS)
  }

  /** Stores with another storage share the channel: a flush is shown if it waits in this one. */
  async #showIfStored(stored: Segment): Promise<void> {
    const waiting = await this.#parts.disk.waiting()
    if (this.#closed || !waiting?.includes(stored.key)) return
    this.#show([{ ...stored, order: 0 }])
    this.#parts.repo.emit()
  }

  #lookIfOpen(): void {
    if (this.shown().length > 0) this.#lookLater(SETTLED_MS)
  }

  #lookLater(delayMs: number): void {
    const { clock } = this.#parts.options.platform
    this.#cancel ??= clock.after(Math.max(delayMs, this.#readMs * READING_SHARE), () => {
      this.#cancel = undefined
      void this.#look()
    })
  }

  async #look(): Promise<void> {
    const { disk, repo, options, ready } = this.#parts
    await ready().catch(() => this.close())
    if (this.#closed) return
    const { clock } = options.platform
    const from = clock.monotonic()
    const state = (await disk.read())?.state
    this.#readMs = clock.monotonic() - from
    if (!state || this.#closed) return
    this.update(state)
    repo.emit()
  }

  /** Entries for the messages of a flush without a verdict known here. */
  #taken({ messages, bases }: StoredFlush): readonly Entry[] {
    const { repo, refusals, intake } = this.#parts
    return messages.flatMap((message, i) => {
      const { authorId, sessionId } = message.session.facts
      const { clientSeq } = message
      if (repo.messages.isAccepted(sessionId, clientSeq)) return []
      if (refusals.messages.has(message.id)) return []
      return [intake.take({ message, session: { authorId, sessionId }, bases: bases[i] })]
    })
  }

  /**
   * Called for a flush with all its verdicts. Accepted messages stay pending until the tail brings
   * them, but not for ever: a message that is only contained in a snapshot never comes by the tail.
   */
  #letGo(key: string): void {
    const { status, options, intake } = this.#parts
    // `key` is one of `#shown`.
    const { entries, settledAt } = this.#shown.get(key)!
    const open = entries.filter(isOpen)
    const now = options.platform.clock.monotonic()
    if (open.length > 0 && settledAt === undefined) {
      this.#shown.set(key, { entries, settledAt: now })
      this.#lookLater(SETTLED_MS)
      return
    }
    const isDue = open.length === 0 || now - (settledAt ?? now) >= SETTLED_MS
    if (!isDue || (open.length > 0 && status.getState().connection !== 'online')) return
    intake.outdated(open)
    this.#shown.delete(key)
  }

  #refused(ids: ReadonlySet<Uuid>): void {
    const gone = new Set(this.shown().filter(({ id }) => ids.has(id)))
    if (gone.size === 0) return
    for (const entry of gone) {
      entry.state = 'rejected'
      this.#parts.intake.drop(entry)
    }
    this.#parts.refusals.leave(gone)
  }
}

/** Whether an entry has no verdict yet. */
function isOpen({ review, state }: Entry): boolean {
  return !review && state === 'queued'
}
