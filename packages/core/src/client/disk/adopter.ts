/**
 * Adopts messages of ended sessions of this device: when the store opens, when the connection comes
 * back, and every two minutes while online, because a tab may close while another is open. A check
 * is cheap while no session has ended: it reads keys only, and tries their locks.
 */
import type { StoreApi } from 'zustand/vanilla'
import type { Uuid } from '../../base/uuid.ts'
import { factBounds } from '../../facts/bounds.ts'
import type { Outbox } from '../../sync/outbox.ts'
import type { StoredState } from '../../ports/storage.ts'
import type { Repo } from '../../rows/repo.ts'
import {
  type EndedFlush,
  type AdoptingParts,
  type StoredOwn,
  adoptFlushes,
  endedSessions,
  isLost,
  isOfSession,
  lostSessions,
} from './adopt.ts'
import { noteParents } from './accepted-parents.ts'
import type { Damage } from './damage.ts'
import type { Disk } from './disk.ts'
import { draftSessionOf } from './drafts.ts'
import { whoamiKeys, withFinishedDrafts } from './finish-drafts.ts'
import type { ReplicaOptions } from '../options.ts'
import type { PartlyAccepted } from './partly-accepted.ts'
import type { PendingIntake } from '../outbox/pending-intake.ts'
import type { Refusals } from '../outbox/refusals.ts'
import { refusedNames } from '../outbox/refused.ts'
import { readFlushes, readRejections } from './restore.ts'
import { type Recovered, dismissedKeys, recovered } from './recover.ts'
import type { OwnSessions } from '../identity/own-sessions.ts'
import type { SessionLocks } from '../identity/session-locks.ts'
import { type SoundState, storedClaims } from './sound-state.ts'
import type { SyncStatus } from '../store.ts'

/** A page that has just reloaded may hold its former locks a moment longer. */
const FIRST_LOOK_MS = 1_000
const LOOK_MS = 120_000

export interface AdopterParts {
  readonly options: ReplicaOptions
  readonly disk: Disk
  readonly locks: SessionLocks
  readonly repo: Repo
  readonly outbox: Outbox
  readonly status: StoreApi<SyncStatus>
  readonly refusals: Refusals
  readonly storedOwn: StoredOwn
  readonly partlyAccepted: PartlyAccepted
  readonly damage: Damage
  /** Adopted sessions, stored keys and claims are added. */
  readonly sessions: OwnSessions
  readonly sessionId: () => Uuid
  /** undefined until the app has provided the personal id. */
  readonly personalId: () => string | undefined
  readonly mintedIn: (entityId: Uuid, sessionId: Uuid) => void
  readonly intake: PendingIntake
  readonly onAdopted: () => void
}

export class Adopter {
  readonly #parts: AdopterParts
  /** Keys of segments that were adopted, or had nothing to adopt. */
  readonly #done = new Set<string>()
  #looking: Promise<unknown> | undefined
  #cancel: (() => void) | undefined
  #unsubscribe: (() => void) | undefined
  #stopped = false

  constructor(parts: AdopterParts) {
    this.#parts = parts
  }

  /** Starts the checks. `again`: an adopted session may have stored a last flush since it was read. */
  watch(again: boolean): void {
    if (this.#stopped) return
    this.#unsubscribe = this.#parts.status.subscribe(({ connection }, before) => {
      if (connection === before.connection) return
      this.#cancel?.()
      if (connection === 'online') this.#keepLooking()
    })
    this.#cancel = this.#parts.options.platform.clock.after(FIRST_LOOK_MS, () => void this.look())
    if (again) this.#looking = this.#late().finally(() => (this.#looking = undefined))
  }

  /** Called when the personal id is known: drafts that ended sessions wrote without one can be sealed. */
  async bound(): Promise<void> {
    await this.#looking
    if (!this.#stopped) this.#looking ??= this.#late().finally(() => (this.#looking = undefined))
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
    this.#unsubscribe?.()
  }

  async look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined))
    await this.#looking
  }

  /** Seals the drafts of ended sessions, and reports damaged records. */
  async recovered(sound: SoundState): Promise<Recovered> {
    const { disk, damage, options, sessionId, sessions } = this.#parts
    const reading = { space: options.space, bounds: factBounds(options.limits) }
    const place = { ...this.sessionParts, reading, sessionId: sessionId() }
    for (const [authorId, pair] of await whoamiKeys(sound.state, options.platform.signer))
      sessions.keys.set(authorId, pair)
    for (const claim of storedClaims(sound.state)) sessions.claims.set(claim.sessionId, claim)
    const state = await withFinishedDrafts(
      sound.state,
      { ...options, personalId: this.#parts.personalId() },
      { ...place, disk },
    )
    const found = await recovered({ ...sound, state }, place)
    damage.restore(dismissedKeys(found.state))
    damage.add(found.damaged)
    return found
  }

  get sessionParts(): AdoptingParts {
    const { locks, options, sessions } = this.#parts
    const { signer } = options.platform
    return {
      locks,
      space: options.space,
      signer,
      hasKeys: (authorId) => sessions.keys.has(authorId),
    }
  }

  adopt(state: StoredState, ended: readonly EndedFlush[]): void {
    const { repo, outbox, refusals, damage, sessions, disk, mintedIn, intake } = this.#parts
    const { partlyAccepted } = this.#parts
    const messages = ended.flatMap(({ flush }) => flush.messages)
    const lost = ended.filter(isLost).flatMap(({ flush }) => flush.messages.map(({ id }) => id))
    refusals.restore(state, messages, new Set(lost))
    damage.add(lostSessions(ended, (id) => refusals.isSettled(id)))
    for (const { flush } of ended) this.#done.add(flush.key)
    const { adopted, settled } = adoptFlushes(ended, {
      repo,
      outbox,
      isRefused: (id) => refusals.messages.has(id),
      mintedIn,
      intake,
      acceptedBefore: partlyAccepted.acceptedBefore,
    })
    partlyAccepted.store()
    intake.showReached() // earlier messages may depend on later ones
    for (const opening of adopted) sessions.openings.set(opening.sessionId, opening)
    if (settled.length > 0) void disk.write({ durability: 'relaxed', outboxRemove: settled })
  }

  /** Only while online: offline nothing can be sent, and an idle store sets no timers. */
  #keepLooking(): void {
    void this.look()
    this.#cancel = this.#parts.options.platform.clock.after(LOOK_MS, () => this.#keepLooking())
  }

  async #look(): Promise<void> {
    const { disk, locks, sessionId, refusals } = this.#parts
    if (refusals.dependsOnOthers) await this.#blockOnOthers()
    const keys = await disk.waiting()
    if (!keys) this.#releaseLocks()
    const ended: string[] = []
    for (const key of keys ?? []) {
      const session = draftSessionOf(key) ?? flushSessionOf(key)
      if (session === sessionId() || this.#done.has(key)) continue
      if (await locks.hold(session)) ended.push(key)
    }
    if (ended.length === 0 || this.#stopped) return
    if (await this.#late()) for (const key of ended) this.#done.add(key)
  }

  /**
   * Blocks messages that depend on messages rejected in another tab: without a channel between
   * tabs, only the storage has these rejections, and the dependent messages would be sent without
   * ever getting a verdict.
   */
  async #blockOnOthers(): Promise<void> {
    const { disk, options, refusals } = this.#parts
    const sound = await disk.read()
    if (!sound || this.#stopped) return
    const reading = { space: options.space, bounds: factBounds(options.limits) }
    const { flushes } = readFlushes(sound.state, reading)
    const rejections = readRejections(sound.state)
    const messages = flushes.flatMap((flush) => flush.messages)
    refusals.blockOn(refusedNames(messages, (id) => rejections.has(id)))
  }

  /** Called when the storage does not answer any more: other tabs may adopt ended sessions. */
  #releaseLocks(): void {
    const { locks, outbox, sessionId } = this.#parts
    locks.releaseUnless((held) => held === sessionId() || outbox.waits(held))
  }

  /**
   * Adopts flushes that were stored before the lock was acquired, and sessions that ended since.
   * Resolves to whether the storage could be read.
   */
  async #late(): Promise<boolean> {
    const { options, disk, repo, refusals, storedOwn, sessionId } = this.#parts
    const sound = await disk.read()
    const found = sound && (await this.recovered(sound))
    if (!found) this.#releaseLocks()
    if (!found || this.#stopped) return false
    const others = found.flushes.filter(
      (flush) => !this.#done.has(flush.key) && !isOfSession(flush, sessionId()),
    )
    const late = await endedSessions(found.state, others, this.sessionParts)
    if (late.length === 0 || this.#stopped) return true
    this.#parts.partlyAccepted.restore(found.state)
    noteParents(found.flushes, repo.messages)
    refusals.addGone(found.gone)
    // Adopted messages may depend on messages that another tab sends.
    for (const flush of others) storedOwn.add(flush)
    this.adopt(found.state, late)
    repo.emit()
    refusals.messages.list.emit([], options.onError)
    this.#parts.onAdopted()
    return this.#late()
  }
}

/** The key of a flush is its session id, a colon, and the number of its first message. */
function flushSessionOf(key: string): Uuid {
  return key.slice(0, key.lastIndexOf(':'))
}
