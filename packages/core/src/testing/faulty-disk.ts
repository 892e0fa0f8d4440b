/**
 * A storage that fails like IndexedDB: transactions in order over several tabs, slow ones, quota,
 * forced close, a tab that dies during a transaction, a power cut that loses unsynced transactions (a
 * suffix, never a strict write), a damaged record, and eviction. Passes `test/contract/storage.ts`.
 *
 *   called ─▶ queued ─▶ applied (others see it) ─▶ on the platter (survives a power cut)
 *                            └─ relaxed: answered      └─ strict: answered
 */
import type { Uuid } from '../base/uuid.ts'
import type { Clock } from '../ports/clock.ts'
import {
  type Page,
  type PageReading,
  type Storage,
  StorageError,
  type StorageHandle,
  type StorageTrouble,
  type StoredState,
  type WriteBatch,
  type Written,
} from '../ports/storage.ts'
import { outlineOf } from '../ports/memory-storage.ts'
import { type DiskRecord, DiskSpaces, recordsOf } from './disk-state.ts'
import { ProcessClock } from './virtual-clock.ts'

/** The faults of a disk. Each function is called when its fault can occur. */
export interface DiskFaults {
  /** Time until a transaction is applied, in ms. */
  readonly latencyMs: () => number
  /** Time from there to the platter for a strict one, in ms. */
  readonly syncMs: () => number
  /** Why opening fails; undefined: it succeeds. */
  readonly openTrouble: () => StorageTrouble | undefined
  /** Why this write fails, without storing anything; undefined: it succeeds. */
  readonly writeTrouble: (batch: WriteBatch) => StorageTrouble | undefined
  /** Whether a transaction is applied although its tab died before. */
  readonly outlives: () => boolean
  /** How many of that many relaxed transactions survive a power cut. */
  readonly spared: (transactions: number) => number
}

const SOUND: DiskFaults = {
  latencyMs: () => 0,
  syncMs: () => 0,
  openTrouble: () => undefined,
  writeTrouble: () => undefined,
  outlives: () => false,
  spared: (transactions) => transactions,
}

/** The options of a faulty disk. Without `faults` it never fails. */
export interface FaultyDiskOptions {
  readonly clock: Clock
  readonly faults?: Partial<DiskFaults>
  /** Called for each applied batch. */
  readonly onApplied?: (batch: WriteBatch) => void
  /** Called for each batch that has reached the platter. */
  readonly onDurable?: (batch: WriteBatch) => void
}

interface Transition<T = unknown> {
  readonly run: (spaces: DiskSpaces) => T
  /** Absent: a read or a claim. */
  readonly batch?: WriteBatch
  readonly isRead?: boolean
}

/** The simulated storage of one device, shared by its tabs. */
export class FaultyDisk {
  faults: DiskFaults
  readonly #options: FaultyDiskOptions
  readonly #handles = new Set<DiskHandle>()
  /** The applied state, which readers see. */
  #state = new DiskSpaces()
  /** The state that survives a power cut, and the transactions applied after it. */
  #platter = new DiskSpaces()
  #unsynced: Transition[] = []
  #freeMs = 0
  #tornAfterRecords: number | undefined

  constructor(options: FaultyDiskOptions) {
    this.#options = options
    this.faults = { ...SOUND, ...options.faults }
  }

  /** The storage port of the tab with that clock. */
  storage(process: ProcessClock = new ProcessClock(this.#options.clock)): Storage {
    return {
      open: async (onTrouble, space) => {
        const trouble = this.faults.openTrouble()
        await new Promise<void>((resolve) => process.after(this.faults.latencyMs(), resolve))
        if (trouble) throw new StorageError(trouble, 'this simulated disk does not open')
        const handle = new DiskHandle(this, process, { space, onTrouble })
        this.#handles.add(handle)
        return handle
      },
    }
  }

  /** The applied content of a partition. */
  contentOf(partition: Uuid): StoredState {
    return this.#state.read(partition)
  }

  /** The applied content of the partition that was written first. */
  get content(): StoredState {
    return this.#state.read()
  }

  /** The pages of its checkpoint. */
  get pages(): readonly Page[] {
    const { checkpoint } = this.content
    return [...(this.#state.pages(undefined, checkpoint?.name ?? '')?.values() ?? [])]
  }

  /** The number of transactions that a power cut could lose. */
  get unsynced(): number {
    return this.#unsynced.length
  }

  /** Cuts the power; the tabs must be dead already. Returns how many transactions are lost. */
  cutPower(): number {
    const spared = this.faults.spared(this.#unsynced.length)
    const lost = this.#unsynced.length - spared
    this.forceClose()
    this.#sync(spared)
    this.#unsynced = []
    this.#state = this.#platter.copy()
    this.#freeMs = 0
    return lost
  }

  /** Flushes all applied transactions to the platter. */
  sync(): void {
    this.#sync(this.#unsynced.length)
  }

  /** Closes the database for all tabs, as a browser may do. */
  forceClose(): void {
    for (const handle of [...this.#handles]) handle.lose('closed')
  }

  /** Deletes everything, as a browser's eviction does. */
  evict(): void {
    this.forceClose()
    this.#unsynced = []
    this.#state = new DiskSpaces()
    this.#platter = new DiskSpaces()
  }

  /** Changes one character of a stored record. Returns the record's key, if there is one. */
  rot(record: DiskRecord, pick: (below: number) => number): string | undefined {
    this.sync()
    const key = this.#state.rot(record, pick)
    this.#platter = this.#state.copy()
    return key
  }

  /** Makes the next write fail after that many records. Returns a function that ends the fault. */
  tearWriteAfter(records: number): () => void {
    this.#tornAfterRecords = records
    return () => (this.#tornAfterRecords = undefined)
  }

  /** @internal */
  transact<T>(handle: DiskHandle, transition: Transition<T>): Promise<T> {
    const { clock } = this.#options
    const { batch } = transition
    const appliedMs = Math.max(clock.monotonic(), this.#freeMs) + this.faults.latencyMs()
    const syncMs = batch?.durability === 'strict' ? this.faults.syncMs() : 0
    this.#freeMs = appliedMs + syncMs
    return new Promise((resolve, reject) => {
      clock.after(appliedMs - clock.monotonic(), () => {
        const trouble = handle.fate(this.faults) ?? (batch && this.#writeTrouble(batch))
        if (trouble) {
          const error = new StorageError(trouble, `this simulated disk fails: ${trouble}`)
          handle.process.deliver(() => reject(error))
          return
        }
        const value = this.#apply(transition)
        const answer = (): void => handle.process.deliver(() => resolve(value))
        if (batch?.durability !== 'strict') answer()
        else {
          clock.after(syncMs, () => {
            this.#sync(this.#unsynced.indexOf(transition) + 1)
            answer()
          })
        }
      })
    })
  }

  /** @internal Waits for the next part of a reading; rejects where the connection is lost meanwhile. */
  pause(handle: DiskHandle): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#options.clock.after(this.faults.latencyMs(), () => {
        const trouble = handle.fate(this.faults)
        const error = trouble && new StorageError(trouble, `this simulated disk fails: ${trouble}`)
        handle.process.deliver(() => (error ? reject(error) : resolve()))
      })
    })
  }

  #apply<T>(transition: Transition<T>): T {
    const value = transition.run(this.#state)
    if (!transition.isRead) this.#unsynced.push(transition)
    if (transition.batch) this.#options.onApplied?.(transition.batch)
    return value
  }

  /** @internal Other connections to a place that was erased are lost. */
  erased(by: DiskHandle, space: Uuid | undefined): void {
    for (const handle of [...this.#handles])
      if (handle !== by && handle.isOn(space)) handle.lose('closed')
  }

  /** @internal */
  forget(handle: DiskHandle): void {
    this.#handles.delete(handle)
  }

  #writeTrouble(batch: WriteBatch): StorageTrouble | undefined {
    const torn = this.#tornAfterRecords
    if (torn !== undefined && recordsOf(batch) > torn) {
      this.#tornAfterRecords = undefined
      return 'failed'
    }
    return this.faults.writeTrouble(batch)
  }

  #sync(count: number): void {
    for (const { run, batch } of this.#unsynced.splice(0, count)) {
      run(this.#platter)
      if (batch) this.#options.onDurable?.(batch)
    }
  }
}

/** One tab's connection. */
class DiskHandle implements StorageHandle {
  readonly process: ProcessClock
  readonly #disk: FaultyDisk
  readonly #space: Uuid | undefined
  readonly #onTrouble: (trouble: StorageTrouble) => void
  #lost: StorageTrouble | undefined
  #closing: Promise<void> | undefined
  #running: Promise<unknown> = Promise.resolve()

  constructor(
    disk: FaultyDisk,
    process: ProcessClock,
    how: {
      readonly space: Uuid | undefined
      readonly onTrouble: (trouble: StorageTrouble) => void
    },
  ) {
    this.#disk = disk
    this.process = process
    this.#space = how.space
    this.#onTrouble = how.onTrouble
  }

  read(): Promise<StoredState> {
    return this.#transact({ run: (spaces) => spaces.read(this.#space), isRead: true })
  }

  async pages(checkpoint: string, reading: PageReading): Promise<boolean> {
    const stored = await this.#transact({
      run: (spaces) => spaces.pages(this.#space, checkpoint),
      isRead: true,
    })
    if (!stored) return false
    reading.begin(outlineOf(stored))
    for (let next = reading.next(); next.length > 0; next = reading.next()) {
      await this.#disk.pause(this)
      reading.take(next.flatMap((no) => stored.get(no) ?? []))
    }
    return true
  }

  waiting(): Promise<readonly string[]> {
    return this.#transact({ run: (spaces) => spaces.waiting(this.#space), isRead: true })
  }

  write(batch: WriteBatch): Promise<Written> {
    const kept = copied(batch)
    return this.#transact({ run: (spaces) => spaces.of(this.#space).apply(kept), batch: kept })
  }

  claim(key: string, value: unknown): Promise<unknown> {
    return this.#transact({ run: (spaces) => spaces.of(this.#space).claim(key, value) })
  }

  async erase(): Promise<void> {
    await this.#transact({ run: (spaces) => spaces.erase(this.#space) })
    this.#disk.erased(this, this.#space)
    await this.close()
  }

  /** Whether it is on that place. */
  isOn(space: Uuid | undefined): boolean {
    return this.#space === space
  }

  close(): Promise<void> {
    this.#closing ??= this.#running.then(() => this.#disk.forget(this))
    return this.#closing
  }

  /** Closes the connection: transactions that are not applied yet are dropped. */
  lose(trouble: StorageTrouble): void {
    this.#lost = trouble
    this.#disk.forget(this)
    this.process.deliver(() => this.#onTrouble(trouble))
  }

  /** Why a queued transaction is dropped; undefined: it is applied. */
  fate({ outlives }: DiskFaults): StorageTrouble | undefined {
    // Once one transaction of a dead tab is dropped, so are all later ones.
    if (this.process.dead && !this.#lost && !outlives()) this.#lost = 'closed'
    return this.#lost
  }

  #transact<T>(work: Transition<T>): Promise<T> {
    if (this.#closing || this.#lost) {
      return Promise.reject(new StorageError(this.#lost ?? 'closed', 'this connection is closed'))
    }
    const done = this.#disk.transact(this, work)
    const settled = done.then(
      () => {},
      () => {},
    )
    this.#running = Promise.all([this.#running, settled])
    return done
  }
}

/** A copy, so that later changes of the caller's lists have no effect. */
function copied(batch: WriteBatch): WriteBatch {
  const { segments, rewrite, checkpoint } = batch
  return {
    ...batch,
    ...(segments && {
      segments: segments.map((segment) => ({ ...segment, ids: [...segment.ids] })),
    }),
    ...(rewrite && { rewrite: rewrite.map((one) => ({ ...one })) }),
    ...(checkpoint && { checkpoint: { ...checkpoint, pages: [...checkpoint.pages] } }),
  }
}
