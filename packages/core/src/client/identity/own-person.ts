/**
 * Who uses this store: the partition of their records, the app's token, the person whom its sessions commit
 * to, and the author ids of that person.
 *
 *   personal id ─▶ partition opened ─▶ key ─▶ session tied to the person
 *        └── no answer: the partition that was opened last, and the person when the app says so
 */
import type { StoreApi } from 'zustand/vanilla'
import { assert } from '../../base/assert.ts'
import { without } from '../../base/redact.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { SessionOpening } from '../../facts/message.ts'
import { isAnonymous } from '../../facts/whoami.ts'
import type { Storage } from '../../ports/storage.ts'
import type { Disk } from '../disk/disk.ts'
import { tellEnded } from '../outbox/hint.ts'
import type { SyncStatus } from '../store.ts'
import { Binder } from './binder.ts'
import { type Auth, Credentials } from './credentials.ts'
import {
  type Identity,
  type IdentityOptions,
  type Device,
  anonymousId,
  bindingOf,
  openIdentity,
  whoamiName,
} from './identity.ts'
import { MyIds, type MyIdsParts } from './me.ts'
import {
  lastPartition,
  movingTo,
  noteMove,
  notePartition,
  partitionOf,
  unresolvedPartition,
} from './partitions.ts'
import { takeAlong } from './take-along.ts'
import type { Platform } from '../platform/platform.ts'

/** How long another tab may take to close, when its work is taken along. */
const HOLD_TRIES_MAX = 20
const HOLD_RETRY_MS = 50
const LEFT_OPEN =
  'what was written before signing in is open in another tab; the next opening takes it along'

/** Sentences for `status.identityTrouble`, the most urgent first. */
interface Troubles {
  asked?: string | undefined
  left?: string | undefined
  refused?: string | undefined
}

export interface OwnPersonParts extends MyIdsParts {
  readonly space: Uuid
  readonly auth: Auth
  readonly options: IdentityOptions
  readonly status: StoreApi<SyncStatus>
  readonly platform: Platform
  /** A second access to a storage. Its troubles are not reported. */
  readonly newDisk: () => Disk
  /** Holds the lock of a session; false: it is open in another tab. */
  readonly hold: (sessionId: Uuid) => Promise<boolean>
  /** The session is tied to a person: messages may be sealed. */
  readonly onBound: (opening: SessionOpening) => void
  /** The app has said that the person is another one than the partition is of. */
  readonly onOther: () => void
}

export class OwnPerson {
  readonly credentials: Credentials
  readonly me: MyIds
  readonly #parts: OwnPersonParts
  readonly #binder: Binder
  #partition: Uuid
  #opened: { readonly identity: Identity; readonly device: Device } | undefined
  #isOpened = false
  readonly #troubles: Troubles = {}
  #personalId: string | undefined

  constructor(parts: OwnPersonParts) {
    this.#parts = parts
    const { space, options } = parts
    if (typeof options.personalId === 'string') this.#personalId = options.personalId
    this.#partition = partitionOf(space, this.#personalId)
    this.credentials = new Credentials(parts.auth)
    this.me = new MyIds(parts)
    this.#binder = new Binder({
      clock: parts.platform.clock,
      status: parts.status,
      say: (words) => this.#say('asked', words),
      bind: () => this.#bind(),
      isBound: () => this.#opened?.identity.binding !== undefined,
    })
  }

  /** The partition of this person's records in the storage. */
  get partition(): Uuid {
    return this.#partition
  }

  /** Whether the app is asked who the person is. */
  get #isAsked(): boolean {
    return typeof this.#parts.options.personalId === 'function'
  }

  /** Opens the partition of the person, with what is to be taken along into it. */
  async openPartition(disk: Disk, storage: Storage): Promise<void> {
    const { personalId, claim = false } = this.#parts.options
    this.#isOpened = true
    if (personalId === undefined) await this.#openNobodys(disk, storage)
    else if (claim || this.#isAsked) await this.#openPersons(disk, storage)
    else await disk.open(storage, this.#partition)
  }

  /** A crash may have left work here that a person was about to take along. */
  async #openNobodys(disk: Disk, storage: Storage): Promise<void> {
    await disk.open(storage, this.#partition)
    const to = await movingTo(disk)
    if (to === undefined) return
    await this.#move(disk, [this.#partition, to], storage)
    if (!disk.handle) await disk.open(storage, this.#partition)
  }

  async #openPersons(disk: Disk, storage: Storage): Promise<void> {
    const { space, options, newDisk } = this.#parts
    const base = newDisk()
    await Promise.all([base.open(storage, space), this.#isAsked && this.#binder.opening()])
    const last = this.#isAsked ? await lastPartition(base) : undefined
    const unresolved = unresolvedPartition(space)
    const isKnown = this.#personalId !== undefined
    const isSettled = last !== undefined && last !== unresolved
    const moved = isSettled ? { to: last, isMoved: true } : await this.#settle(storage)
    // The last person may have signed out: an opening without a person must show none of their rows.
    const before = last === unresolved && moved.isMoved ? (moved.to ?? last) : last
    if (this.#isAsked)
      this.#partition = isKnown ? partitionOf(space, this.#personalId) : (before ?? unresolved)
    await disk.open(storage, this.#partition)
    if (isKnown && options.claim && !(await this.#take(base, disk, [space, this.#partition])))
      this.#say('left', LEFT_OPEN)
    if (!base.handle) await base.open(storage, space)
    if (this.#isAsked && last !== this.#partition && moved.isMoved)
      await notePartition(base, this.#partition)
    await base.close()
  }

  /** Moves what was written while the app could not say by whom, where that is known now. */
  async #settle(storage: Storage): Promise<{ to: Uuid | undefined; isMoved: boolean }> {
    const { space, newDisk } = this.#parts
    const source = newDisk()
    const from = unresolvedPartition(space)
    await source.open(storage, from)
    const known = this.#personalId === undefined ? undefined : partitionOf(space, this.#personalId)
    const to = (await movingTo(source)) ?? known
    const isMoved = to === undefined || (await this.#move(source, [from, to], storage))
    await source.close()
    return { to, isMoved }
  }

  async #move(
    from: Disk,
    names: readonly [from: Uuid, to: Uuid],
    storage: Storage,
  ): Promise<boolean> {
    const to = this.#parts.newDisk()
    await to.open(storage, names[1])
    const isMoved = await this.#take(from, to, names)
    await to.close()
    return isMoved
  }

  #take(
    from: Disk,
    to: Disk,
    [left, partition]: readonly [from: Uuid, to: Uuid],
  ): Promise<boolean> {
    const { options, platform } = this.#parts
    return takeAlong({
      ...{ from, to, partition, whoami: whoamiName(options.lifetime, platform) },
      tell: () => tellEnded(platform.channel, left, 'taken_along'),
      hold: (sessionId) => this.#heldSoon(sessionId),
    })
  }

  /** Another tab needs a moment to close. */
  async #heldSoon(sessionId: Uuid): Promise<boolean> {
    const { platform, hold } = this.#parts
    const { clock, channel } = platform
    for (let tries = channel ? HOLD_TRIES_MAX : 1; !(await hold(sessionId));) {
      if (--tries === 0) return false
      await new Promise<void>((resolve) => void clock.after(HOLD_RETRY_MS, resolve))
    }
    return true
  }

  /** Shows why messages wait, or why work is left where it is. */
  #say(of: keyof Troubles, words: string | undefined): void {
    this.#troubles[of] = words
    const { asked, left, refused } = this.#troubles
    this.#parts.status.setState({ identityTrouble: asked ?? left ?? refused })
  }

  /** Reads or makes the key, and ties the session to the person, or asks the app who it is. */
  async open(device: Device): Promise<Identity> {
    const { space, options } = this.#parts
    const identity = await openIdentity(space, options, device)
    this.me.begin(identity.session.authorId, identity.since)
    this.#opened = { identity, device }
    void this.#binder.try()
    return identity
  }

  /** Another session writes here now, of the same person. */
  rotated(identity: Identity): void {
    assert(
      this.#opened && identity.binding,
      'a key is replaced once its session is tied to a person',
    )
    this.#opened = { ...this.#opened, identity }
    this.me.begin(identity.session.authorId, identity.since)
    this.#parts.onBound(identity.binding.opening)
  }

  /** Resolves when the session is bound, or when that takes too long to be waited for. */
  async opening(): Promise<void> {
    // Where the app is asked, that was waited for before the storage was opened.
    if (this.#isOpened && this.#isAsked && !this.#personalId) this.#binder.sayIfAsked()
    else await this.#binder.opening()
  }

  async #bind(): Promise<void> {
    const { space, platform, onBound, onOther } = this.#parts
    this.#personalId ??= await this.#asked()
    if (!this.#opened) return // bound when the key is there
    const { identity, device } = this.#opened
    const personalId = this.#personalId ?? (await anonymousId(device))
    if (!(await this.#isPartitionOf(this.#personalId, device.disk))) return onOther()
    const binding = await bindingOf(space, identity, { personalId, platform })
    assert(!identity.binding, 'a session is tied to one person, once')
    identity.binding = binding
    this.#personalId = personalId
    this.me.is(personalId)
    onBound(binding.opening)
  }

  /** Whether the open partition is that of the person. A partition without a person becomes theirs. */
  async #isPartitionOf(personalId: string | undefined, disk: Disk): Promise<boolean> {
    const { space } = this.#parts
    const partition = partitionOf(space, personalId)
    if (!this.#isOpened || partition === this.#partition) return true
    if (this.#partition !== unresolvedPartition(space)) return false
    const to = await movingTo(disk)
    if (to === undefined) void noteMove(disk, partition)
    return to === undefined || to === partition
  }

  /** Whether the app has said who the person is, or that there is none. */
  get isKnown(): boolean {
    return !this.#isAsked || this.#personalId !== undefined
  }

  async #asked(): Promise<string | undefined> {
    const { personalId } = this.#parts.options
    const answer: unknown = typeof personalId === 'function' ? await personalId() : personalId
    if (answer === undefined && !this.#isAsked) return undefined
    if (typeof answer !== 'string' || answer === '' || isAnonymous(answer))
      throw new Error('`personalId` must be a text, and not one that a store made')
    return answer
  }

  /**
   * Stores that the person of this store signs out; otherwise an opening without an answer would show
   * their rows. Resolves to whether it is stored, where it has to be.
   */
  async leave(storage: Storage | undefined): Promise<boolean> {
    if (!storage || !this.#isAsked) return true
    const base = this.#parts.newDisk()
    await base.open(storage, this.#parts.space)
    const isNoted = await notePartition(base, null)
    await base.close()
    return isNoted
  }

  /** Why ended sessions are not bound: they are of another person. undefined: all are. */
  refusedSessions(why: string | undefined): void {
    this.#say('refused', why && `messages of earlier sessions wait: ${why}`)
  }

  /** A text for others than this person, without what is theirs alone. */
  redacted(text: string): string {
    return without([this.credentials.last, this.#personalId], text)
  }

  stop(): void {
    this.#binder.stop()
  }
}
