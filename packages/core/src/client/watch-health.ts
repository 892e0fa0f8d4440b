/**
 * Shows how long what is stored on this device lasts (`status.storageHealth`), notices that it was
 * emptied, and asks the platform to keep it once there is something to lose.
 *
 *   opened ─▶ marks compared ─▶ looked ─▶ an own message is stored ─▶ asked to persist ─▶ looked again
 *
 * The mark is a random text in the storage, and beside it (`StorageMarks`), in a kind of storage that
 * platforms empty for other reasons. A storage without it, with the mark still beside it, was emptied.
 * Code that erases a partition on purpose removes the mark.
 */
import type { StoreApi } from 'zustand/vanilla'
import { toBase64url } from '../base/bytes.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'
import type { StorageCare, StorageOutlook } from '../ports/storage-care.ts'
import type { Disk } from './disk/disk.ts'
import type { StorageHealth, SyncStatus } from './store.ts'

export interface HealthParts {
  readonly care: StorageCare
  readonly disk: Disk
  readonly partition: Uuid
  readonly clock: Clock
  readonly random: Random
  readonly status: StoreApi<SyncStatus>
}

/** Key of the mark in `meta`. */
const INCARNATION = 'incarnation'
/** The platform is asked again after this time at the earliest. */
const LOOK_AGAIN_MS = 60_000
/** From this part of the quota on, a storage counts as full. */
const FULL = 0.9

const NOTHING_SAID: StorageOutlook = {
  usedBytes: undefined,
  quotaBytes: undefined,
  isPersisted: undefined,
  isPrivate: undefined,
}

export class HealthWatch {
  readonly #parts: HealthParts
  #outlook: StorageOutlook = NOTHING_SAID
  #evictedAt: number | undefined
  #lookedAtMs = -Infinity
  #isAsked = false

  constructor(parts: HealthParts) {
    this.#parts = parts
  }

  /** Compares the marks, asks the platform, and follows the status from then on. */
  async begin(): Promise<void> {
    const { status } = this.#parts
    await this.#compareMarks()
    await this.#look()
    status.subscribe((now, before) => {
      if (now.connection === 'closed' || now.storageHealth !== before.storageHealth) return
      const isNews =
        now.outboxMessages !== before.outboxMessages || now.storageTrouble !== before.storageTrouble
      if (isNews || now.storage !== before.storage) this.#changed()
    })
    this.#changed()
  }

  #changed(): void {
    const { outboxMessages, storage } = this.#parts.status.getState()
    if (outboxMessages > 0 && storage === 'ok' && !this.#isAsked) void this.#ask()
    else if (this.#parts.clock.monotonic() - this.#lookedAtMs >= LOOK_AGAIN_MS) void this.#look()
    this.#show()
  }

  /** The first own message: there is something to lose. */
  async #ask(): Promise<void> {
    this.#isAsked = true
    await this.#parts.disk.idle()
    if (this.#outlook.isPersisted === true) return
    if ((await this.#parts.care.persist()) !== undefined) await this.#look()
  }

  async #look(): Promise<void> {
    this.#lookedAtMs = this.#parts.clock.monotonic()
    this.#outlook = await this.#parts.care.look()
    this.#show()
  }

  async #compareMarks(): Promise<void> {
    const { care, disk, partition, random, clock } = this.#parts
    if (!disk.handle || disk.trouble) return
    const fresh = toBase64url(random.bytes(12))
    const stored = await disk.claim(INCARNATION, fresh)
    // Without a handle, as after a sign-out, nothing was claimed.
    if (!disk.handle || disk.trouble) return
    const [mark, evictedAt = ''] = (care.marks.get(partition) ?? '').split(' ')
    const isEmptied = stored === fresh && mark !== ''
    const at = isEmptied ? clock.now() : Number(evictedAt)
    if (at > 0) this.#evictedAt = at
    if (stored !== mark)
      care.marks.set(partition, at > 0 ? `${String(stored)} ${at}` : String(stored))
  }

  #show(): void {
    const { status } = this.#parts
    const { storageHealth: shown, outboxMessages } = status.getState()
    const { usedBytes, quotaBytes } = this.#outlook
    const health: StorageHealth = {
      lasts: this.#lasts,
      usedBytes,
      quotaBytes,
      evictedAt: this.#evictedAt,
      messagesAtRisk: this.#isVolatile ? outboxMessages : 0,
    }
    const isSame = shown && keys.every((key) => shown[key] === health[key])
    if (!isSame) status.setState({ storageHealth: health })
  }

  get #lasts(): StorageHealth['lasts'] {
    const { isPersisted, isPrivate } = this.#outlook
    if (this.#parts.status.getState().storage === 'degraded' || isPrivate) return 'session'
    if (isPersisted === undefined) return 'unknown'
    return isPersisted ? 'kept' : 'evictable'
  }

  /** Whether what is only here may be lost: more than that a platform may do so, which most may. */
  get #isVolatile(): boolean {
    const { usedBytes, quotaBytes } = this.#outlook
    if (this.#lasts === 'session' || this.#lasts === 'kept') return this.#lasts === 'session'
    const isFull =
      usedBytes !== undefined && quotaBytes !== undefined && usedBytes > quotaBytes * FULL
    return isFull || this.#evictedAt !== undefined
  }
}

const keys = ['lasts', 'usedBytes', 'quotaBytes', 'evictedAt', 'messagesAtRisk'] as const
