/**
 * The one place where time and I/O are driven: repo, outbox, session, disk and identity of
 * one open store, put together. The verbs of the app are in `sync-store.ts`.
 *
 *   screen ─▶ repo ─▶ outbox ─▶ flusher ─▶ disk
 *                        └────▶ session ─▶ reviewer ─▶ session ─▶ tail ─▶ repo ─▶ screen
 */
import { type StoreApi, createStore } from 'zustand/vanilla'
import type { Uuid } from '../base/uuid.ts'
import { compareRows } from '../fold/row.ts'
import { Entry } from '../log/entry.ts'
import type { EpochOpen, Message, Position, Rejection, SessionOpening } from '../message/message.ts'
import { Outbox } from '../messaging/outbox.ts'
import { SyncSession } from '../messaging/session.ts'
import type { SessionHost, SessionState } from '../messaging/session-host.ts'
import { type TailOutcome, TailReader } from '../messaging/tail.ts'
import type { Transport } from '../ports/transport.ts'
import { type AcceptedAgain, rejectedFrame } from '../protocol/frames.ts'
import { QueryEngine } from '../query/engine.ts'
import { Repo, descendantsAmong } from '../repo/repo.ts'
import type { Table } from '../repo/table.ts'
import { StoredOwn, adoptFlush } from './adopt.ts'
import { CanonicalDisk } from './canonical-disk.ts'
import { Disk, segment } from './disk.ts'
import { Flusher } from './flusher.ts'
import { type Identity, openIdentity } from './identity.ts'
import type { ReplicaOptions } from './options.ts'
import { readFlushes, readOpenings, readRejections, restoreCanonical } from './restore.ts'
import { Settling } from './settling.ts'
import { initialStatus } from './status.ts'
import type { SyncStatus } from './store.ts'
import { Trust } from './trust.ts'

export class Replica implements SessionHost {
  readonly repo: Repo
  readonly outbox: Outbox = new Outbox()
  readonly status: StoreApi<SyncStatus>
  readonly engines: Map<string, QueryEngine> = new Map<string, QueryEngine>()
  readonly ready: Promise<void>
  readonly #options: ReplicaOptions
  readonly #disk: Disk
  readonly #canonicalDisk: CanonicalDisk
  readonly #trust: Trust
  readonly #tail: TailReader
  readonly #storedOwn = new StoredOwn()
  readonly #openings = new Map<Uuid, SessionOpening>()
  readonly #releases: (() => void)[] = []
  /** Sessions whose lock this tab has. */
  readonly #held = new Set<Uuid>()
  readonly #settling = new Settling()
  #identity: Identity | undefined
  #flusher: Flusher | undefined
  #session: SyncSession | undefined
  #online = true
  #closing: Promise<void> | undefined
  #arrivals = 0
  #clientSeq = 0
  #statusDue = false

  constructor(options: ReplicaOptions) {
    this.#options = options
    this.status = createStore<SyncStatus>(() => initialStatus(options.transport !== undefined))
    this.repo = new Repo({
      entities: options.entities,
      viewer: {
        authorId: () => this.#identity?.session.authorId,
        volatile: (write) =>
          write.entry.state === 'volatile' || this.status.getState().storage === 'degraded',
      },
      onListenerError: options.onError,
      onTable: (table) => this.#addEngine(table),
    })
    this.#disk = new Disk((trouble) =>
      this.status.setState({ storage: trouble ? 'degraded' : 'ok', storageTrouble: trouble }),
    )
    this.#tail = new TailReader(this.repo, options.space, (sessionId, clientSeq) =>
      this.#findOwn(sessionId, clientSeq),
    )
    this.#canonicalDisk = new CanonicalDisk({
      disk: this.#disk,
      repo: this.repo,
      tail: this.#tail,
      clock: options.platform.clock,
      stepsMax: options.checkpointSteps,
    })
    this.#trust = new Trust({
      space: options.space,
      signer: options.platform.signer,
      disk: this.#disk,
      pinned: options.reviewerKey,
    })
    this.ready = this.#open()
    this.ready.catch(() => {}) // whoever awaits it hears; nobody else must crash
  }

  get identity(): Identity | undefined {
    return this.#identity
  }

  get closed(): boolean {
    return this.#closing !== undefined
  }

  /** Whether the rows here are all that the reviewer had at the position. */
  get complete(): boolean {
    return this.#tail.position !== null || !this.#options.transport
  }

  get position(): Position | null {
    return this.#tail.position
  }

  /** An entry for a message about to be written; `commitEntry` makes it count. */
  draftEntry(): Entry {
    return new Entry({
      session: this.#identity!.session,
      clientSeq: this.#clientSeq + 1,
      timestamp: this.#options.platform.clock.now(),
      arrival: ++this.#arrivals,
      identifier: (entry) => this.#flusher!.identify(entry),
    })
  }

  commitEntry(entry: Entry): void {
    this.#clientSeq++
    this.outbox.addDraft(entry)
    this.#flusher!.schedule()
    this.#statusLater()
  }

  /** Resolves when the entry has a final verdict. */
  readonly settled = (entry: Entry): Promise<void> => this.#settling.settled(entry)

  /** Lets everything else on this thread have its turn. */
  readonly yieldTurn = (): Promise<void> =>
    new Promise((resolve) => void this.#options.platform.clock.after(0, resolve))

  setOnline(online: boolean): void {
    this.#online = online
    if (online) this.#session?.start()
    else this.#session?.stop()
  }

  async flushed(): Promise<void> {
    await this.ready
    await this.#flusher?.flushed()
    await this.#flusher?.written()
    await this.#disk.idle()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    try {
      await this.flushed()
    } catch {
      // It never became ready; there is nothing to flush.
    }
    this.#canonicalDisk.stop()
    this.#session?.stop('closed')
    await this.#disk.close()
    for (const release of this.#releases.splice(0)) release()
    for (const table of this.repo.tables()) table.unsubscribeAll()
    this.status.setState({ connection: 'closed' })
  }

  async #open(): Promise<void> {
    const { platform, storage, space, transport } = this.#options
    if (storage) await this.#disk.open(storage)
    else this.status.setState({ storage: 'degraded' })
    const identity = await openIdentity(space, this.#options.identity, {
      storage: this.#disk.handle,
      platform,
    })
    this.#identity = identity
    this.#openings.set(identity.session.sessionId, identity.opening)
    this.#flusher = new Flusher({
      space,
      identity,
      platform,
      outbox: this.outbox,
      index: this.repo.messages,
      disk: this.#disk,
      onReady: () => {
        this.#session?.pump()
        this.#statusLater()
      },
      onHalt: (error) => this.halt(error),
    })
    await this.#hold(identity.session.sessionId)
    if (this.#disk.handle) await this.#restore()
    this.status.setState({
      storage: this.#disk.handle && !this.#disk.trouble ? 'ok' : 'degraded',
      authorId: identity.session.authorId,
      sessionId: identity.session.sessionId,
      position: this.#tail.position,
      outboxMessages: this.outbox.size,
      outboxOldestAt: this.outbox.oldestAt,
    })
    if (transport && !this.#closing) this.#listen(transport)
  }

  #listen(transport: Transport): void {
    const { platform, space } = this.#options
    const session = new SyncSession({
      space,
      transport,
      clock: platform.clock,
      random: platform.random,
      outbox: this.outbox,
      tail: this.#tail,
      host: this,
    })
    this.#session = session
    const end = transport.onWake?.(() => session.wake())
    if (end) this.#releases.push(end)
    if (this.#online) session.start()
  }

  /** Marks a session as alive, so that no other tab takes its outbox for an orphan. */
  async #hold(sessionId: Uuid): Promise<boolean> {
    const release = await this.#options.platform.locks.tryAcquire(
      `countersign:${this.#options.space}:${sessionId}`,
    )
    if (!release) return false
    this.#held.add(sessionId)
    this.#releases.push(release)
    return true
  }

  async #restore(): Promise<void> {
    const state = await this.#disk.handle!.read()
    this.#trust.restore(state)
    const { flushes } = readFlushes(state, this.#options.space)
    for (const { messages } of flushes) for (const message of messages) this.#storedOwn.add(message)
    if (restoreCanonical(state, this.#tail)) this.#canonicalDisk.resume(state)
    else await this.#canonicalDisk.startAnew()
    const adoption = {
      repo: this.repo,
      outbox: this.outbox,
      rejections: readRejections(state),
      nextArrival: () => ++this.#arrivals,
    }
    const openings = new Map(readOpenings(state).map((opening) => [opening.sessionId, opening]))
    const settled: string[] = []
    for (const flush of flushes) {
      const opening = openings.get(flush.messages[0]!.header.sessionId)
      if (!flush.open || !opening || !(await this.#adoptable(opening.sessionId))) continue
      if (adoptFlush(flush, opening, adoption)) this.#openings.set(opening.sessionId, opening)
      else settled.push(flush.key)
    }
    if (settled.length > 0) void this.#disk.write({ durability: 'relaxed', outboxRemove: settled })
    // Bodies of own messages are needed once more only where their entries cannot be shown.
    this.#storedOwn.keep((message) => !this.repo.messages.get(message.id))
    this.repo.emit()
  }

  /** Whether a session with open messages has ended, and nobody else looks after them. */
  async #adoptable(sessionId: Uuid): Promise<boolean> {
    return this.#held.has(sessionId) || (await this.#hold(sessionId))
  }

  #findOwn(sessionId: Uuid, clientSeq: number): Entry | Message | undefined {
    const entry = this.outbox.find(sessionId, clientSeq)
    if (entry && entry.writes.length > 0) return entry
    return this.#storedOwn.get(sessionId, clientSeq)
  }

  // What the session tells.

  openings(): readonly SessionOpening[] {
    return [...this.#openings.values()]
  }

  async judge(lineage: readonly EpochOpen[]): Promise<string | undefined> {
    const epoch = lineage.at(-1)!
    const fault = await this.#trust.judge(epoch)
    if (fault === undefined) this.status.setState({ reviewerId: epoch.reviewerId })
    return fault
  }

  taken(outcome: TailOutcome & { kind: 'applied' }, texts: readonly string[]): void {
    const keys = this.#settle(outcome.settled)
    this.#canonicalDisk.step(this.#session!.reviewing!, { texts, outboxRemove: keys })
  }

  replaced(outcome: TailOutcome & { kind: 'applied' }, pages: readonly string[]): void {
    const keys = this.#settle(outcome.settled)
    this.#canonicalDisk.replace(this.#session!.reviewing!, { pages, outboxRemove: keys })
  }

  acceptedAgain(entry: Entry, [, seq, at, forked]: AcceptedAgain): void {
    const { reviewerId, eid, epoch } = this.#session!.reviewing!
    this.repo.acceptContained(entry, { reviewerId, eid, epoch, seq, forked: forked === 1, at })
    this.repo.emit()
    void this.#disk.write({ durability: 'relaxed', outboxRemove: this.#settle([entry]) })
  }

  rejected(rejections: readonly Rejection[]): void {
    const gone: Entry[] = []
    const heard: Rejection[] = []
    for (const rejection of rejections) {
      const entry = this.#waitingById(rejection.msgId)
      if (!entry) continue
      heard.push(rejection)
      const because = rejection.reason === 'parent_rejected' ? 'blocked' : 'rejected'
      refuse(entry, because, rejection)
      gone.push(entry)
    }
    if (heard.length === 0) return
    for (const child of descendantsAmong(this.outbox.open(), new Set(gone))) {
      refuse(child, 'blocked', {
        reason: 'parent_rejected',
        detail: 'it stands on a message that was refused',
      })
      gone.push(child)
    }
    this.repo.removePending(gone)
    const keys = this.#settle(gone)
    const text = rejectedFrame(heard)
    const ids = heard.map((rejection) => rejection.msgId)
    const stored = segment(`rejected:${ids[0]}`, 'rejections', { ids, text })
    void this.#disk.write({ durability: 'strict', segments: [stored], outboxRemove: keys })
    this.status.setState(({ rejectedMessages }) => ({
      rejectedMessages: rejectedMessages + gone.length,
    }))
    this.repo.emit()
  }

  changed(state: SessionState, note: string | undefined): void {
    this.status.setState(({ caughtUp }) => ({
      connection: state === 'greeting' ? 'connecting' : state,
      connectionNote: note,
      caughtUp: caughtUp || state === 'online',
    }))
    this.#statusLater()
  }

  /** A broken invariant: reads go on, nothing is written or sent any more. */
  halt(error: unknown): void {
    this.#session?.stop()
    this.status.setState({ halted: error instanceof Error ? error.message : String(error) })
    this.#options.onError(error)
  }

  /** What waits for a verdict under that id, shown or not. */
  #waitingById(id: Uuid): Entry | undefined {
    const known = this.repo.messages.get(id)
    if (known) return this.outbox.holds(known) ? known : undefined
    for (const entry of this.outbox.open()) if (entry.identified && entry.id === id) return entry
    return undefined
  }

  #settle(entries: readonly Entry[]): string[] {
    const keys: string[] = []
    for (const entry of entries) {
      const key = this.outbox.settle(entry)
      if (key) keys.push(key)
      this.#settling.done(entry)
    }
    this.#statusLater()
    return keys
  }

  /** Status follows the machinery at the end of a tick: it is for screens, not for rules. */
  #statusLater(): void {
    if (this.#statusDue) return
    this.#statusDue = true
    this.#options.platform.clock.soon(() => {
      this.#statusDue = false
      const next = {
        outboxMessages: this.outbox.size,
        outboxOldestAt: this.outbox.oldestAt,
        position: this.#tail.position,
      }
      this.status.setState(next)
    })
  }

  #addEngine(table: Table): void {
    const engine = new QueryEngine(table.entity, () => table.rows(), { compareOrder: compareRows })
    this.engines.set(table.entity.name, engine)
    table.sink = engine
  }
}

function refuse(
  entry: Entry,
  state: 'rejected' | 'blocked',
  { reason, detail }: Pick<Rejection, 'reason' | 'detail'>,
): void {
  entry.state = state
  entry.rejection = { reason, detail }
}
