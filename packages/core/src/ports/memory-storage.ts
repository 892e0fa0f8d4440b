/**
 * The storage port in memory: for tests, for servers that render, and for browsers without a
 * database. Handles opened on one storage object share its data, as tabs share a database; the
 * data is lost with the object.
 *
 * Each call applies synchronously, before its promise resolves, so effects have the order of the
 * calls and a batch cannot fail halfway. Values in `meta` are kept by reference. Passes the
 * contract in `test/contract/storage.ts`.
 */

import type { Uuid } from '../base/uuid.ts'
import {
  type Advance,
  type Checkpoint,
  DRAFT_KEYS,
  type Page,
  type PageKeys,
  type PageReading,
  type Segment,
  type Storage,
  StorageError,
  type StorageHandle,
  type StorageTrouble,
  type StoredCheckpoint,
  type StoredSegment,
  type StoredState,
  type WriteBatch,
  type Written,
  outboxOrder,
} from './index.ts'
import { type HeldStorage, applyToHeld, dropSettled } from './memory-batch.ts'

/**
 * A storage that lives as long as the returned object. `open` never rejects, and `onTrouble` is
 * called only after `erase`. A handle without a partition uses the first one.
 */
export function memoryStorage(): Storage {
  const stores = new Map<Uuid, MemoryStore>()
  return {
    open(onTrouble, partition) {
      const name = (): Uuid => partition ?? stores.keys().next().value ?? ''
      return Promise.resolve(new MemoryHandle(new Partition(stores, name), onTrouble))
    },
  }
}

/** A partition exists after the first write to it. */
class Partition {
  readonly #stores: Map<Uuid, MemoryStore>
  readonly #name: () => Uuid
  #store: MemoryStore | undefined

  constructor(stores: Map<Uuid, MemoryStore>, name: () => Uuid) {
    this.#stores = stores
    this.#name = name
  }

  /** Whether it was erased since it was first used. */
  get isErased(): boolean {
    return this.#store?.isErased === true
  }

  toRead(): MemoryStore {
    this.#store ??= this.#stores.get(this.#name())
    return this.#store ?? new MemoryStore()
  }

  toWrite(): MemoryStore {
    this.#store = this.toRead()
    this.#stores.set(this.#name(), this.#store)
    return this.#store
  }

  erase(): void {
    this.toRead().isErased = true
    this.#stores.delete(this.#name())
  }
}

class MemoryHandle implements StorageHandle {
  readonly #partition: Partition
  readonly #onTrouble: (trouble: StorageTrouble) => void
  #closed = false
  #isTroubleKnown = false

  constructor(partition: Partition, onTrouble: (trouble: StorageTrouble) => void) {
    this.#partition = partition
    this.#onTrouble = onTrouble
  }

  async read(): Promise<StoredState> {
    this.#assertOpen()
    return this.#partition.toRead().read()
  }

  async pages(checkpoint: string, reading: PageReading): Promise<boolean> {
    this.#assertOpen()
    return this.#partition.toRead().readPages(checkpoint, reading)
  }

  async waiting(): Promise<readonly string[]> {
    this.#assertOpen()
    return this.#partition.toRead().waiting()
  }

  async write(batch: WriteBatch): Promise<Written> {
    this.#assertOpen()
    return this.#partition.toWrite().write(batch)
  }

  async claim(key: string, value: unknown): Promise<unknown> {
    this.#assertOpen()
    return this.#partition.toWrite().claim(key, value)
  }

  async erase(): Promise<void> {
    this.#assertOpen()
    this.#partition.erase()
    this.#closed = true
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #assertOpen(): void {
    if (this.#closed) throw new StorageError('closed', 'The handle of this storage was closed.')
    if (!this.#partition.isErased) return
    if (!this.#isTroubleKnown) this.#onTrouble('closed')
    this.#isTroubleKnown = true
    throw new StorageError('closed', 'This storage was erased.')
  }
}

class MemoryStore {
  isErased = false
  /** By key, in order of arrival. */
  readonly #segments = new Map<string, StoredSegment>()
  readonly #outbox = new Set<string>()
  /** Ranks of settled segments, by key. */
  readonly #settled = new Map<string, number>()
  readonly #meta = new Map<string, unknown>()
  #lastOrder = 0
  #advance: Advance | undefined
  #checkpoint: StoredCheckpoint | undefined
  /** Of the checkpoint, by number. */
  #pages: ReadonlyMap<number, Page> = new Map()

  read(): StoredState {
    const segments = [...this.#segments.values()]
    return {
      segments,
      outbox: outboxOrder(segments, this.#outbox),
      settled: new Map(this.#settled),
      meta: new Map(this.#meta),
      advance: this.#advance,
      checkpoint: this.#checkpoint,
    }
  }

  readPages(checkpoint: string, reading: PageReading): boolean {
    if (checkpoint !== this.#checkpoint?.name) return false
    const pages = this.#pages
    reading.begin(outlineOf(pages))
    for (let next = reading.next(); next.length > 0; next = reading.next())
      reading.take(next.flatMap((no) => pages.get(no) ?? []))
    return true
  }

  waiting(): readonly string[] {
    const drafts = [...this.#segments.keys()].filter((key) => key.startsWith(DRAFT_KEYS))
    return [...this.#outbox, ...drafts].sort()
  }

  write(batch: WriteBatch): Written {
    if (batch.reset === true) this.#forgetCanonical()
    const order = this.#storeRun(batch)
    const isCheckpointStored =
      batch.checkpoint !== undefined && this.#storeCheckpoint(batch.checkpoint)
    applyToHeld(batch, this.#held, this.#checkpoint?.rank ?? 0)
    return { order, isCheckpointStored }
  }

  claim(key: string, value: unknown): unknown {
    if (!this.#meta.has(key)) this.#meta.set(key, value)
    return this.#meta.get(key)
  }

  /** Writes segments and position. Returns the order of the last segment. */
  #storeRun(batch: WriteBatch): number {
    const { segments = [], advance } = batch
    const skipsTail = advance !== undefined && !this.#isNext(advance, batch.checkpoint)
    for (const segment of segments) {
      if (this.#segments.has(segment.key) || (skipsTail && segment.kind === 'tail')) continue
      this.#segments.set(segment.key, {
        ...segment,
        ids: [...segment.ids],
        order: ++this.#lastOrder,
      })
    }
    if (advance !== undefined && !skipsTail) this.#advance = { ...advance }
    return this.#orderOf(segments.at(-1))
  }

  /** Whether it continues the stored position, without a gap that no checkpoint fills. */
  #isNext({ rank, fromRank }: Advance, checkpoint: Checkpoint | undefined): boolean {
    const stored = this.#advance?.rank ?? 0
    return rank > stored && (fromRank <= stored || checkpoint !== undefined)
  }

  #storeCheckpoint({ base, pages, ...checkpoint }: Checkpoint): boolean {
    const { rank } = checkpoint
    const stored = this.#checkpoint
    if (stored?.name === checkpoint.name) return true
    if (rank <= (stored?.rank ?? 0) || rank > (this.#advance?.rank ?? 0)) return false
    if (base !== undefined && base !== stored?.name) return false
    const kept = base === undefined ? [] : this.#pages.values()
    this.#pages = new Map([...kept, ...pages].map((page) => [page.no, page]))
    this.#checkpoint = checkpoint
    this.#dropTail(rank)
    return true
  }

  /** The order of a stored segment; 0 for another or for undefined. */
  #orderOf(segment: Segment | undefined): number {
    return segment === undefined ? 0 : (this.#segments.get(segment.key)?.order ?? 0)
  }

  #forgetCanonical(): void {
    this.#advance = undefined
    this.#checkpoint = undefined
    this.#pages = new Map()
    this.#dropTail(Infinity)
    dropSettled(this.#held, Infinity)
  }

  get #held(): HeldStorage {
    const [segments, outbox, settled] = [this.#segments, this.#outbox, this.#settled]
    return { segments, outbox, settled, meta: this.#meta }
  }

  /** Only tail segments have a rank. */
  #dropTail(throughRank: number): void {
    for (const { key, rank } of this.#segments.values()) {
      if (rank !== undefined && rank <= throughRank) this.#segments.delete(key)
    }
  }
}

/** The numbers and keys of these pages, as `PageReading.begin` takes them. */
export function outlineOf(pages: ReadonlyMap<number, Page>): Parameters<PageReading['begin']>[0] {
  const keys = new Map<number, PageKeys>()
  for (const page of pages.values()) if (page.keys) keys.set(page.no, page.keys)
  return { numbers: [...pages.keys()].sort((a, b) => a - b), keys }
}
