/**
 * Replaces the key that writes here by a new one: another author id, which only the reviewer can
 * link to the one before.
 *
 *   asked ─▶ noted: the key leaves; the new one stored ─▶ nothing waits any more ─▶ the new key writes
 *
 * While a message waits, the key writes on: a write of another key that depends on the message would
 * name it, and reveal to all readers that both keys are one person's. A store that is closed meanwhile
 * replaces the key when it opens. A revoked key may not read, so the new key reads the verdicts on the
 * waiting messages.
 */
import type { StoreApi } from 'zustand/vanilla'
import { CountersignError } from '../../base/outcome.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { Disk } from '../disk/disk.ts'
import type { IdentityOptions, Identity } from './identity.ts'
import { bindingOf, freshWhoami, identityOf, whoamiName } from './identity.ts'
import { type StoredWhoami, isStoredWhoami, nameOfKeys } from './stored-whoami.ts'
import type { Platform } from '../platform/platform.ts'
import type { SyncStatus } from '../store.ts'

export interface RotationParts {
  readonly space: Uuid
  readonly options: IdentityOptions
  readonly platform: Platform
  readonly disk: Disk
  readonly status: StoreApi<SyncStatus>
  readonly identity: () => Identity | undefined
  readonly flushed: () => Promise<void>
  /** Whether something of this device waits, in this tab or another. */
  readonly waits: () => boolean
  readonly isClosed: () => boolean
  readonly hold: (sessionId: Uuid) => Promise<boolean>
  /** The link speaks for the new session, too, which writes nothing yet. */
  readonly announce: (identity: Identity) => void
  /** The new session writes from now on. */
  readonly onRotated: (identity: Identity) => void
  /** Tells other tabs. */
  readonly tell: () => void
}

export class Rotation {
  readonly #parts: RotationParts
  #running: Promise<void> | undefined

  constructor(parts: RotationParts) {
    this.#parts = parts
  }

  /** Resolves when another key writes. @throws CountersignError `not_ready`, `closed` */
  rotate(): Promise<void> {
    this.#running ??= this.#rotate().finally(() => (this.#running = undefined))
    return this.#running
  }

  /** Another tab has replaced the key: this one writes with the same new one. */
  async follow(): Promise<void> {
    const { disk } = this.#parts
    if (this.#running) return
    const stored = await disk.claim(this.#name, null)
    const keys = this.#parts.identity()?.keys
    if (!isStoredWhoami(stored) || stored.keys.publicKey === keys?.publicKey) return
    this.#running = this.#to(stored).finally(() => (this.#running = undefined))
    await this.#running.catch(() => {}) // a store that closes meanwhile
  }

  get #name(): string {
    const { options, platform } = this.#parts
    return whoamiName(options.lifetime, platform)
  }

  async #rotate(): Promise<void> {
    const { platform, disk, tell } = this.#parts
    const { keys, since } = this.#bound()
    const before: StoredWhoami = { keys, madeAt: since }
    const name = this.#name
    const leaving = { ...before, isLeaving: true }
    const fresh = await freshWhoami(platform)
    // Each key is stored before anything that it signs.
    const both = [[name, leaving] as const, [nameOfKeys(fresh), fresh] as const]
    await disk.write({ durability: 'strict', meta: both })
    await this.#to(fresh)
    const meta = [[nameOfKeys(before), before] as const, [name, fresh] as const]
    await disk.write({ durability: 'strict', meta })
    tell()
  }

  #bound(): Identity {
    const identity = this.#parts.identity()
    if (identity?.binding) return identity
    const detail = 'a new name needs the personal id of this store; see status.identityTrouble'
    throw new CountersignError('not_ready', detail)
  }

  async #to(whoami: StoredWhoami): Promise<void> {
    const { space, platform, hold, onRotated } = this.#parts
    const { personalId } = this.#bound().binding!.opening // `#bound` has checked it
    const identity = identityOf(space, whoami, platform)
    identity.binding = await bindingOf(space, identity, { personalId, platform })
    await hold(identity.session.sessionId)
    await this.#untilNothingWaits(identity)
    onRotated(identity)
  }

  async #untilNothingWaits(next: Identity): Promise<void> {
    const { status, flushed, waits, isClosed, announce } = this.#parts
    for (;;) {
      if (status.getState().connection === 'unauthorised') announce(next)
      if (isClosed()) throw new CountersignError('closed', 'the store is closed')
      await flushed()
      if (!waits()) return
      await new Promise<void>((resolve) => {
        const stop = status.subscribe(() => {
          stop()
          resolve()
        })
      })
    }
  }
}
