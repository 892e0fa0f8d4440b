/**
 * The driver of one open store: connects repo, outbox, session, disk and identity, and owns all
 * timers and I/O. The app's verbs are in `sync-store.ts` and `writes.ts`; loaded with the latter.
 *
 *   screen ─▶ repo ─▶ outbox ─▶ flusher ─▶ disk
 *                        └────▶ session ─▶ reviewer ─▶ session ─▶ tail ─▶ repo ─▶ screen
 */
import type { StoreApi } from 'zustand/vanilla'
import { CountersignError } from '../base/outcome.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Entry } from '../history/entry.ts'
import type { Limits } from '../facts/limits.ts'
import type { Position, SessionOpening } from '../facts/message.ts'
import { batchReadingBounds } from '../wire/bounds.ts'
import type { HistoryAnswer } from '../sync/history.ts'
import { Outbox } from '../sync/outbox.ts'
import type { Scopes } from '../sync/scopes.ts'
import { TailReader } from '../sync/tail.ts'
import { PROVISIONAL_ARRIVALS_MAX } from '../sync/unverified.ts'
import type { Clock } from '../ports/clock.ts'
import type { Transport } from '../ports/transport.ts'
import type { Repo } from '../rows/repo.ts'
import { OwnPerson } from './identity/own-person.ts'
import { ChangeOver } from './change-over.ts'
import { OwnSessions } from './identity/own-sessions.ts'
import { CanonicalDisk } from './disk/canonical-disk.ts'
import { Damage } from './disk/damage.ts'
import { Disk } from './disk/disk.ts'
import type { Identity } from './identity/identity.ts'
import { Rotation } from './identity/rotation.ts'
import { Erasing } from './erasing.ts'
import { Leaving } from './leaving.ts'
import type { Filling, Memory } from './memory.ts'
import type { ReplicaOptions } from './options.ts'
import { verdictOf } from './verbs/receipt.ts'
import { type OutboxChange, OwnMessages } from './outbox/own-messages.ts'
import { Writing } from './outbox/writing.ts'
import { Refusals } from './outbox/refusals.ts'
import type { RefusedMessages } from './outbox/refused.ts'
import { Unsent } from './outbox/unsent.ts'
import { type Restorers, restorersOf } from './disk/restoration.ts'
import { SCHEMA } from '../schema/system.ts'
import { Schemas } from './schemas.ts'
import { startOver } from './reset.ts'
import { SessionLocks } from './identity/session-locks.ts'
import { countsOf, onceLater, otherHistory, storageStatus, updateStatus } from './status.ts'
import type { Auth, ResetOptions, SyncStatus, Verdict } from './store.ts'
import { StorePeers } from './peer-review.ts'
import { Syncing } from './syncing.ts'
import { Trust } from './identity/trust.ts'
import { watchHealth } from './storage-health.ts'
import { UndoStack } from './verbs/undo.ts'
import { Warnings } from './warnings.ts'

export class Replica implements Filling {
  readonly repo: Repo
  readonly outbox: Outbox
  readonly tail: TailReader
  /** What is followed; undefined: the whole space. */
  readonly scopes: Scopes | undefined
  readonly limits: Limits
  readonly status: StoreApi<SyncStatus>
  readonly ready: Promise<void>
  readonly person: OwnPerson
  readonly unsent: Unsent
  readonly leaving: Leaving
  readonly rotation: Rotation
  readonly #options: ReplicaOptions
  readonly #memory: Memory
  readonly #disk: Disk
  readonly #canonicalDisk: CanonicalDisk
  readonly #damage: Damage
  readonly #trust: Trust
  readonly changeOver: ChangeOver
  readonly #own: OwnMessages
  readonly #sessions = new OwnSessions()
  readonly #sessionLocks: SessionLocks
  readonly #warnings: Warnings
  #stopHurrying: (() => void) | undefined
  readonly #refusals: Refusals
  readonly #erasing: Erasing
  readonly undo: UndoStack = new UndoStack()
  readonly schemas: Schemas
  readonly writing: Writing
  #restorers: Restorers | undefined
  #syncing: Syncing | undefined
  #peers: StorePeers | undefined
  #online = true
  #closing: Promise<void> | undefined
  #arrivals = PROVISIONAL_ARRIVALS_MAX

  /** Fills the memory of a store. */
  constructor(memory: Memory, options: ReplicaOptions) {
    this.#options = options
    this.#memory = memory
    const { repo, status } = memory
    this.repo = repo
    this.status = status
    this.limits = options.limits
    this.scopes = memory.scopes
    this.outbox = new Outbox(this.limits)
    const { warn } = options.platform
    this.#warnings = new Warnings(warn && ((text) => warn(this.person.redacted(text))))
    status.subscribe((now, before) => this.#warnings.about((texts) => texts.status(now, before)))
    const types = options.entities.map((type) => repo.table(type))
    this.schemas = new Schemas(repo.addSystem(SCHEMA), types, (schemaTrouble) =>
      status.setState({ schemaTrouble }),
    )
    // Every table has an engine.
    const published = memory.engines.get(SCHEMA.name)!.live({ archived: 'include' })
    published.subscribe(() => this.schemas.learn())
    this.#disk = this.#newDisk()
    this.#sessionLocks = new SessionLocks(options.platform.locks, options.space)
    this.person = this.#newPerson()
    this.#damage = new Damage((damaged) =>
      this.status.setState({ ...storageStatus(this.#disk, this.#damage), damaged }),
    )
    this.tail = new TailReader(this.repo, {
      ...{ space: options.space, heldChainsMax: this.limits.heldChainsMax },
      bounds: batchReadingBounds(this.limits),
      onOtherHistory: (...told) => this.status.setState({ alarm: otherHistory(...told) }),
      onTaken: (text, batch) => this.#syncing?.taken(text, batch),
      onDisowned: (...gone) => this.#refusals.disown(...gone),
      onErased: (erased) => this.#erasing.erased(erased),
      onErasedElsewhere: () => this.#erasing.elsewhere(),
      findOwn: (id) => this.#own.find(id),
      findWaiting: (sessionId, clientSeq) => this.outbox.find(sessionId, clientSeq),
    })
    this.#own = new OwnMessages({
      ...{ repo: this.repo, outbox: this.outbox, disk: this.#disk, tail: this.tail },
      ...{ isPartial: this.scopes !== undefined, nextArrival: () => ++this.#arrivals },
      noteReadings: (entry) => this.changeOver.lineages.note(entry),
      erasing: () => this.#erasing,
    })
    this.writing = this.#newWriting()
    this.#canonicalDisk = new CanonicalDisk({
      ...{ disk: this.#disk, repo: this.repo, tail: this.tail, limits: this.limits },
      ...{ clock: this.clock, isPartial: this.scopes !== undefined },
      ...{ settledOwn: this.#own.settledBytes, sessionId: () => this.writing.sessionId },
    })
    this.#refusals = this.#newRefusals()
    this.changeOver = new ChangeOver({
      ...{ limits: this.limits, repo: this.repo, outbox: this.outbox, disk: this.#disk },
      ...{ clock: this.clock, own: () => this.#own, onRevived: this.#pump },
    })
    this.#erasing = new Erasing(this, {
      ...{ disk: this.#disk, canonicalDisk: this.#canonicalDisk, refusals: this.#refusals },
      ...{ changeOver: this.changeOver, own: this.#own, options },
    })
    const restorers = (): Restorers | undefined => this.#restorers
    const { outbox, refused } = this
    this.unsent = new Unsent({ outbox, refused, disk: this.#disk, restorers })
    this.leaving = new Leaving(this, {
      ...{ disk: this.#disk, canonicalDisk: this.#canonicalDisk },
      ...{ storage: options.storage, restorers },
    })
    this.rotation = this.#newRotation()
    this.#trust = new Trust({ ...options, signer: options.platform.signer, disk: this.#disk })
    memory.fill(this)
    this.ready = this.#open()
    this.ready.catch(() => {}) // no unhandled rejection where the app does not await it
  }

  #newPerson(): OwnPerson {
    const { space, auth, identity, platform } = this.#options
    return new OwnPerson({
      ...{ space, auth, options: identity, platform, status: this.status },
      shown: this.#memory.me,
      newDisk: () => new Disk({ limits: this.limits, clock: this.clock }),
      hold: (sessionId) => this.#sessionLocks.hold(sessionId),
      keep: (meta) => void this.#disk.write({ durability: 'relaxed', meta: [meta] }),
      onChange: () => this.repo.reown(),
      onBound: (opening) => this.#bound(opening),
      onOther: () => void this.leaving.end('other_person'),
    })
  }

  #newDisk(): Disk {
    return new Disk({
      limits: this.limits,
      clock: this.clock,
      onTrouble: () => {
        this.status.setState(storageStatus(this.#disk, this.#damage))
        this.repo.restate()
      },
      onSettled: () => this.#erasing.sweep(),
      onBack: () => void this.#storageBack(),
    })
  }

  #newRefusals(): Refusals {
    return new Refusals({
      ...{ repo: this.repo, outbox: this.outbox, disk: this.#disk },
      ...{ list: this.#memory.refused, onError: this.#options.onError },
      ...{ space: this.#options.space, clock: this.clock, storedOwn: this.#own.stored },
      isDamaged: (key) => this.#damage.has(key),
      settle: (entries) => this.#settle(entries),
      besides: () => this.#restorers?.neighbours.shown() ?? [],
      ofPeers: () => this.#peers?.others() ?? [],
      onRefused: (refused) => this.#restorers?.neighbours.notify({ refused }),
      onChange: () => this.#statusLater(),
      onGone: (entry) => this.#own.gone(entry),
      onUnseen: (message) => this.#warnings.about((texts) => texts.unseenRejection(message)),
    })
  }

  get clock(): Clock {
    return this.#options.platform.clock
  }

  get closed(): boolean {
    return this.#closing !== undefined
  }

  /** Whether the rows include everything that the reviewer had at the position. */
  get complete(): boolean {
    return this.#memory.complete
  }

  get position(): Position | null {
    return this.tail.position
  }

  get authorId(): Uuid | undefined {
    return this.identity?.session.authorId
  }

  isMine(authorId: Uuid): boolean {
    return this.person.me.isMine(authorId)
  }

  get identity(): Identity | undefined {
    return this.writing.identity
  }

  commitEntry(entry: Entry): void {
    this.writing.commit(entry)
    this.#statusLater()
  }

  /** Fetches the accepted messages of a row from the reviewer. Rejects with `unavailable`. */
  async messagesOf(id: Uuid): Promise<HistoryAnswer> {
    return this.asked.history(id)
  }

  /** The reviewer. @throws CountersignError `unavailable` */
  get asked(): Pick<Syncing, 'history' | 'erase'> {
    if (this.#syncing) return this.#syncing
    throw new CountersignError('unavailable', 'this store has no reviewer to ask')
  }

  get refused(): RefusedMessages {
    return this.#refusals.messages
  }

  /** Removes messages from `refused`; on disk only once everything written so far is durable. */
  readonly dismiss = (ids: readonly Uuid[]): void => {
    void this.#refusals.dismiss(ids, this.flushed()).then(() => this.#restorers?.sweeper.run())
    this.#erasing.sweep()
    this.#damage.dropResolved(this.#refusals, this.status.getState())
  }

  /** Resolves to the verdict on an entry. */
  readonly settled = async (entry: Entry): Promise<Verdict> => {
    await this.#own.settled(entry)
    return verdictOf(entry, this.refused)
  }

  /** See `SyncStore.reset`. */
  async reset({ keepOutbox }: ResetOptions): Promise<void> {
    await this.flushed() // a rejection needs the message's id, which the flush computes
    this.#syncing?.pause()
    await startOver(keepOutbox, {
      ...{ outbox: this.outbox, refusals: this.#refusals, undo: this.undo, trust: this.#trust },
      ...{ canonicalDisk: this.#canonicalDisk, journal: this.changeOver.journal },
      ...{ status: this.status, position: this.tail.position, dismiss: this.dismiss },
      ...{ space: this.#options.space, now: this.#options.platform.clock.now() },
    })
    this.scopes?.cover(new Set())
    this.#syncing?.resume()
  }

  setAuth(auth: Auth): void {
    this.person.credentials.set(auth)
    this.#syncing?.authChanged()
  }

  setOnline(online: boolean): void {
    if (this.#closing) return
    this.#online = online
    this.#syncing?.setOnline(online)
  }

  async flushed(): Promise<void> {
    await this.ready
    await this.writing.flushed()
    await this.#disk.idle()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    try {
      await this.ready
      this.person.stop()
      // Without a personal id nothing can be sealed. The next store that opens seals the drafts.
      if (this.identity?.binding) await this.flushed()
      else this.writing.hurry()
    } catch {
      // `ready` rejected; there is nothing to flush.
    }
    this.#canonicalDisk.stop()
    this.#restorers?.adopter.stop()
    this.#restorers?.neighbours.close()
    this.#peers?.close()
    this.#syncing?.stop('closed')
    await this.leaving.closing()
    await this.#disk.close()
    this.#stopHurrying?.()
    this.#sessionLocks.releaseAll()
    this.#memory.close()
  }

  async #open(): Promise<void> {
    const { platform, storage, transport } = this.#options
    if (storage) await this.person.openPartition(this.#disk, storage)
    else this.status.setState({ storage: 'degraded' })
    const place = { disk: this.#disk, damage: this.#damage, platform }
    const identity = await this.person.open(place)
    this.#sessions.keys.set(identity.session.authorId, identity.keys)
    this.writing.begin(identity)
    const restorers = restorersOf({
      options: this.#options,
      partition: this.person.partition,
      onEnded: (ended) => void this.leaving.end(ended),
      onRotated: () => void this.rotation.follow(),
      ...{ disk: this.#disk, locks: this.#sessionLocks, repo: this.repo, status: this.status },
      ...{ ...this.#own.ofOthers, refusals: this.#refusals, damage: this.#damage },
      sessionId: () => this.writing.sessionId,
      ready: () => this.ready,
      ...{ outbox: this.outbox, sessions: this.#sessions, tail: this.tail, trust: this.#trust },
      personalId: () => identity.binding?.opening.personalId,
      mintedIn: this.writing.minted.note,
      ...{ onAdopted: this.#pump, opening: this.#memory.opening, me: this.person.me },
      ...{ canonicalDisk: this.#canonicalDisk, isPartial: this.scopes !== undefined },
      ...{ lineages: this.changeOver.lineages, journal: this.changeOver.journal },
      schemas: this.schemas,
      isClosing: () => this.closed,
      onOtherReviewer: () => {
        this.#syncing?.pause()
        this.#syncing?.resume()
      },
    })
    this.#restorers = restorers
    this.#stopHurrying = platform.onHide?.(() => this.writing.hurry())
    await this.#sessionLocks.hold(identity.session.sessionId)
    this.writing.bound()
    const stored = await restorers.restoration.run()
    if (stored) void restorers.sweeper.run(stored)
    if (stored) this.#erasing.opened(stored)
    this.#damage.dropResolved(this.#refusals, this.status.getState())
    await this.person.opening()
    const { authorId, sessionId } = identity.session
    const disk = storageStatus(this.#disk, this.#damage)
    this.status.setState({ ...disk, ...countsOf(this), authorId, sessionId })
    const kept = { disk: this.#disk, partition: this.person.partition, status: this.status }
    watchHealth(storage?.care, { ...kept, clock: platform.clock, random: platform.random })
    if (!transport || this.#closing) return
    this.#syncing = this.#newSyncing(transport)
    if (!this.#options.peers) return
    this.#peers = new StorePeers(this.#options.peers, {
      ...{ options: this.#options, repo: this.repo, outbox: this.outbox, own: this.#own },
      ...{ sessions: this.#sessions, trust: this.#trust, status: this.status, tail: this.tail },
      ...{ changeOver: this.changeOver, refusals: this.#refusals, onError: this.#options.onError },
      nextArrival: () => ++this.#arrivals,
      syncing: this.#syncing,
    })
  }

  #newWriting(): Writing {
    const { platform, space } = this.#options
    return new Writing({
      ...{ limits: this.limits, space, platform, outbox: this.outbox, disk: this.#disk },
      ...{ index: this.repo.messages, own: this.#own, nextArrival: () => ++this.#arrivals },
      onReady: (stored) => {
        this.#restorers?.neighbours.notify({ stored })
        this.#pump()
      },
      onTaken: () => this.#own.flushTaken(),
      onHalt: (error) => this.halt(error),
    })
  }

  #newRotation(): Rotation {
    const { platform, space, identity: options } = this.#options
    return new Rotation({
      ...{ space, options, platform, disk: this.#disk, status: this.status },
      identity: () => this.identity,
      flushed: () => this.flushed(),
      waits: () =>
        [...this.outbox.open(), ...(this.#restorers?.neighbours.shown() ?? [])].length > 0,
      isClosed: () => this.closed,
      hold: (sessionId) => this.#sessionLocks.hold(sessionId),
      announce: ({ keys, binding }) => {
        if (binding) this.#sessions.announced(binding.opening, keys)
        this.#syncing?.pump()
      },
      onRotated: (identity) => this.#rotated(identity),
      tell: () => this.#restorers?.neighbours.notify({ isRotated: true }),
    })
  }

  #rotated(identity: Identity): void {
    const { authorId, sessionId } = identity.session
    this.#sessions.keys.set(authorId, identity.keys)
    this.writing.begin(identity)
    this.person.rotated(identity)
    this.status.setState({ authorId, sessionId })
  }

  #bound(opening: SessionOpening): void {
    this.#sessions.bound(opening)
    this.writing.bound()
    void this.ready.then(() => this.#restorers?.adopter.bound()).catch(() => {})
    this.#syncing?.pump()
  }

  /** A hung storage answers again: volatile messages are stored now, and its records are restored late. */
  async #storageBack(): Promise<void> {
    for (const entry of this.outbox.open()) if (entry.state === 'volatile') entry.state = 'queued'
    this.repo.restate()
    try {
      await this.ready
      if (this.#closing || !(await this.#restorers?.restoration.run())) return
    } catch (error) {
      this.halt(error)
    }
    // Stores the canonical state received meanwhile: stored own messages depend on it.
    this.#canonicalDisk.renew(this.status.getState().reviewerId)
    this.refused.list.emit([], this.#options.onError)
    this.#erasing.sweep()
    this.#syncing?.pump()
    this.#statusLater()
  }

  /** Discards the report of a damaged record. Returns false for an unknown key. */
  discardDamaged(key: string): boolean {
    return this.#damage.discard(key, this.#disk)
  }

  #newSyncing(transport: Transport): Syncing {
    const { platform, space } = this.#options
    const parts = {
      ...{ limits: this.limits, space, transport, scopes: this.scopes, sessions: this.#sessions },
      ...{ clock: platform.clock, random: platform.random, signer: platform.signer },
      ...{ outbox: this.outbox, tail: this.tail, hasPeers: this.#options.peers !== undefined },
      ...{ repo: this.repo, disk: this.#disk, canonicalDisk: this.#canonicalDisk },
      ...{ trust: this.#trust, changeOver: this.changeOver, refusals: this.#refusals },
      ...{ status: this.status, warnings: this.#warnings, person: this.person },
      settle: (entries: readonly Entry[]) => this.#settle(entries),
      onMoved: () => this.#own.moved(),
      onChange: () => this.#statusLater(),
    }
    return new Syncing(parts, this.#online)
  }

  /** Halts the store on a broken invariant: reads still work, nothing is written or sent any more. */
  halt(error: unknown): void {
    this.#syncing?.stop('offline')
    this.status.setState({ halted: error instanceof Error ? error.message : String(error) })
    this.#options.onError(error)
  }

  #settle(entries: readonly Entry[]): OutboxChange {
    const change = this.#own.settle(entries)
    if (change.outboxRemove) this.#restorers?.neighbours.notify({ settled: true })
    this.#statusLater()
    return change
  }

  /** More may be offered. */
  readonly #pump = (): void => {
    this.#syncing?.pump()
    this.#peers?.pump()
    this.#statusLater()
  }

  /** Updates the status in a microtask, once for many changes: the status is for screens, not for decisions. */
  readonly #statusLater: () => void = onceLater(
    (task) => this.clock.soon(task),
    () => {
      this.#damage.dropResolved(this.#refusals, this.status.getState())
      updateStatus(this)
    },
  )
}
