/**
 * Signs the person of a store out on this device: reports unsent work, and keeps or erases the
 * partition.
 *
 *   signOut ─▶ unsent? ─▶ noted ─▶ other tabs close ─▶ closed, rows hidden ─▶ partition kept, or erased
 *                 │         └── not stored: nothing else happens
 *                 └── refused: nothing happens
 */
import type { StoreApi } from 'zustand/vanilla'
import { CountersignError } from '../base/outcome.ts'
import type { Clock } from '../ports/clock.ts'
import type { Storage } from '../ports/storage.ts'
import type { Repo } from '../rows/repo.ts'
import type { Outbox } from '../sync/outbox.ts'
import type { CanonicalDisk } from './disk/canonical-disk.ts'
import type { Disk } from './disk/disk.ts'
import type { Restorers } from './disk/restoration.ts'
import { sessionOfKey } from './disk/sound-state.ts'
import type { OwnPerson } from './identity/own-person.ts'
import type { Ended } from './outbox/hint.ts'
import { type RefusedMessages, changesOf } from './outbox/refused.ts'
import type { Unsent } from './outbox/unsent.ts'
import type { SignOutOptions, SignOutReport, SyncStatus, UnsentMessage } from './store.ts'

/** How long other tabs may take to store what was just typed there, ms. */
const OTHER_TABS_MS = 300

/** The store that is left. */
export interface LeftStore {
  readonly status: StoreApi<SyncStatus>
  readonly repo: Repo
  readonly person: OwnPerson
  readonly outbox: Outbox
  readonly refused: RefusedMessages
  readonly unsent: Unsent
  readonly clock: Clock
  flushed(): Promise<void>
  close(): Promise<void>
}

export interface LeavingParts {
  readonly disk: Disk
  readonly canonicalDisk: CanonicalDisk
  readonly storage: Storage | undefined
  readonly restorers: () => Restorers | undefined
}

export class Leaving {
  readonly #store: LeftStore
  readonly #parts: LeavingParts
  #erases = false

  constructor(store: LeftStore, parts: LeavingParts) {
    this.#store = store
    this.#parts = parts
  }

  async signOut({ unsent: policy }: SignOutOptions): Promise<SignOutReport> {
    const { person, clock } = this.#store
    const { disk, storage, restorers } = this.#parts
    if (person.isKnown) await this.#store.flushed()
    await this.#store.unsent.look()
    const unsent = this.#unsent()
    // Work of an unknown person cannot be kept for that person.
    const mayKeep = policy === 'keep' && person.isKnown
    if (unsent.length > 0 && !mayKeep && policy !== 'discard') return { signedOut: false, unsent }
    if (!(await person.leave(storage)) && disk.handle)
      throw new CountersignError('unavailable', 'the storage does not note the sign-out; try again')
    const isTold = restorers()?.neighbours.notify({ ended: 'signed_out' }) === true
    if (isTold && policy === 'refuse')
      await new Promise<void>((resolve) => void clock.after(OTHER_TABS_MS, resolve))
    const isSent = policy === 'refuse' && (await this.#isNothingLeft())
    // No write can occur between this and `end`.
    this.#erases = policy === 'discard' || (isSent && this.#unsent().length === 0)
    await this.end('signed_out')
    return { signedOut: true, unsent }
  }

  /** Closes the store, which then shows no data of the person. */
  end(ended: Ended): Promise<void> {
    this.#store.status.setState(({ ended: before }) => ({ ended: before ?? ended }))
    return this.#store.close()
  }

  /** Called after the last write. */
  async closing(): Promise<void> {
    const { disk, canonicalDisk } = this.#parts
    const { status, repo } = this.#store
    // Data that cannot be erased stays in the partition of its person.
    if (this.#erases) await disk.erase().catch(() => {})
    if (status.getState().ended === undefined) return
    canonicalDisk.forget()
    repo.removePending([...repo.messages.entries()])
    repo.emit()
  }

  /** Another tab may have stored what was just typed there. */
  async #isNothingLeft(): Promise<boolean> {
    const { disk } = this.#parts
    await disk.idle()
    const isOwn = (key: string): boolean => this.#store.outbox.waits(sessionOfKey(key) ?? '')
    return (await disk.waiting())?.every(isOwn) === true
  }

  #unsent(): readonly UnsentMessage[] {
    const { unsent, refused } = this.#store
    const waits = unsent.waiting().map((entry) => ({
      state: 'waiting' as const,
      timestamp: entry.timestamp,
      changes: changesOf(entry).map((change) => refused.named(change)),
    }))
    const kept = refused.list.snapshot().map(({ state, timestamp, changes }) => ({
      ...{ state, timestamp, changes },
    }))
    return [...waits, ...kept].sort((a, b) => a.timestamp - b.timestamp)
  }
}
