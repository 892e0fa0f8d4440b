/**
 * Other tabs of this device that are open: what they have stored and not yet delivered is shown
 * here, too, as pending. Read when the store opens, and whenever another tab says that there is
 * more. They deliver it themselves; a session that ends is taken over (`adopter.ts`).
 *
 *   flush stored ─▶ post ─▶ (others) read it ─▶ shown as pending ─▶ accepted: by the tail
 *                                                               └─▶ refused: leaves the view, with
 *                                                                   what stands on it here
 *
 * One that this view has not reached is shown later (`pending-intake.ts`). A message of this tab may
 * stand on one of a neighbour: it waits at the reviewer (`parent_unknown`) until that is there.
 * Without a channel nothing of this happens.
 */
import type { StoreApi } from 'zustand/vanilla'
import type { Uuid } from '../../base/uuid.ts'
import { factBounds } from '../../facts/bounds.ts'
import type { Entry } from '../../history/entry.ts'
import type { Channel } from '../../ports/channel.ts'
import type { StoredState } from '../../ports/storage.ts'
import type { Repo } from '../../rows/repo.ts'
import type { Disk } from '../disk/disk.ts'
import type { ReplicaOptions } from '../options.ts'
import type { Refusals } from './refusals.ts'
import type { PendingIntake } from './pending-intake.ts'
import { type StoredFlush, readFlushes, readRejections } from '../disk/restore.ts'
import type { SessionLocks } from '../identity/session-locks.ts'
import type { SyncStatus } from '../store.ts'

/** What is online is mostly delivered by then, and need not be read. */
const LOOK_AFTER_MS = 300
/** Of the time, reading takes no more than a tenth. */
const READING_SHARE = 10
/** How long the tail may take to bring what was accepted. */
const SETTLED_MS = 2_000

export interface NeighboursParts {
  readonly options: Pick<ReplicaOptions, 'space' | 'platform' | 'limits'>
  readonly sessionId: Uuid
  readonly disk: Disk
  readonly locks: SessionLocks
  readonly repo: Repo
  readonly refusals: Refusals
  readonly status: StoreApi<SyncStatus>
  readonly intake: PendingIntake
}

interface Hint {
  /** Messages that have a verdict against them. */
  readonly refused: readonly Uuid[]
  /** Something is out of an outbox. */
  readonly settled: boolean
}

interface Shown {
  /** In causal order. */
  readonly entries: readonly Entry[]
  /** Monotonic ms at which the flush was first seen to be out of the outbox. */
  readonly settledAt?: number
}

export class Neighbours {
  readonly #parts: NeighboursParts
  readonly #channel: Channel | undefined
  readonly #unsubscribe: () => void
  /** By flush. */
  readonly #shown = new Map<string, Shown>()
  #cancel: (() => void) | undefined
  #readMs = 0
  #closed = false

  constructor(parts: NeighboursParts) {
    this.#parts = parts
    const { platform, space } = parts.options
    this.#channel = platform.channel?.(`countersign:${space}`, (message) => this.#hear(message))
    this.#unsubscribe = parts.status.subscribe(({ connection }, before) => {
      if (connection === 'online' && before.connection !== 'online') this.#lookIfOpen()
    })
  }

  /** Says that this tab has stored or settled something, or that these messages were refused. */
  tell({ refused = [], settled = false }: Partial<Hint> = {}): void {
    if (this.#closed) return
    const hint: Hint = { refused, settled }
    this.#channel?.post(hint)
  }

  /** Shows what is stored of sessions that are alive elsewhere, and lets go of what is done with. */
  update(state: StoredState): void {
    if (!this.#channel) return
    this.#refused(new Set(readRejections(state).keys()))
    const { sessionId, locks, options } = this.#parts
    const open = new Set(state.outbox)
    const isNew = (key: string): boolean => open.has(key) && !this.#shown.has(key)
    const segments = state.segments.filter(({ key }) => isNew(key))
    const reading = { space: options.space, bounds: factBounds(options.limits) }
    for (const flush of readFlushes({ ...state, segments }, reading).flushes) {
      // A flush without messages is not read.
      const by = flush.messages[0]!.session.facts.sessionId
      if (by === sessionId || locks.holds(by)) continue
      this.#shown.set(flush.key, { entries: this.#taken(flush) })
    }
    for (const key of this.#shown.keys()) if (!open.has(key)) this.#letGo(key)
  }

  /** What is pending here, and another tab's to deliver. */
  shown(): readonly Entry[] {
    return [...this.#shown.values()].flatMap(({ entries }) => entries.filter(isOpen))
  }

  close(): void {
    this.#closed = true
    this.#cancel?.()
    this.#unsubscribe()
    this.#channel?.close()
  }

  #hear(message: unknown): void {
    if (this.#closed) return
    const { refused, settled } = message as Hint
    if (refused.length > 0) this.#refused(new Set(refused))
    if (settled) this.#lookIfOpen()
    else this.#lookLater(LOOK_AFTER_MS)
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
    const { disk, repo, options } = this.#parts
    const { clock } = options.platform
    const from = clock.monotonic()
    const state = (await disk.read())?.state
    this.#readMs = clock.monotonic() - from
    if (!state || this.#closed) return
    this.update(state)
    repo.emit()
  }

  /** Its messages without a verdict that is known here, as pending. */
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
   * A flush has all its verdicts. What was accepted comes by the tail, and is pending until then;
   * what a snapshot contains though it does not name it never comes, so it is not waited for for ever.
   */
  #letGo(key: string): void {
    const { repo, status, options, intake } = this.#parts
    // Called with the keys of what is shown.
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
    repo.removePending(open)
    for (const entry of open) intake.drop(entry)
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

/** Whether it is shown as pending here, and is not this tab's to deliver. */
function isOpen({ review, state }: Entry): boolean {
  return !review && state === 'queued'
}
