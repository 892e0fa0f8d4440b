/**
 * The storage port in memory: for tests, for servers that render, and where a browser gives no
 * store. Handles opened on one storage object share its data, as tabs share a database; what
 * they hold is gone with the object.
 *
 * Each call takes effect at once, before its promise settles; so the order of the calls is the
 * order of the effects, and nothing can fail in the middle. Values in `meta` are kept by
 * reference. Passes the contract in `test/contract/storage.ts`.
 */

import {
  type Advance,
  type Checkpoint,
  type Segment,
  type Storage,
  StorageError,
  type StorageHandle,
  type StoredSegment,
  type StoredState,
  type WriteBatch,
} from '../ports/index.ts'

/** A store that lives as long as the returned object. `open` never rejects, trouble never comes. */
export function memoryStorage(): Storage {
  const store = new MemoryStore()
  return { open: () => Promise.resolve(new MemoryHandle(store)) }
}

class MemoryHandle implements StorageHandle {
  readonly #store: MemoryStore
  #closed = false

  constructor(store: MemoryStore) {
    this.#store = store
  }

  async read(): Promise<StoredState> {
    this.#assertOpen()
    return this.#store.read()
  }

  async write(batch: WriteBatch): Promise<number> {
    this.#assertOpen()
    return this.#store.write(batch)
  }

  async claim(key: string, value: unknown): Promise<unknown> {
    this.#assertOpen()
    return this.#store.claim(key, value)
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #assertOpen(): void {
    if (this.#closed) throw new StorageError('closed', 'The handle of this storage was closed.')
  }
}

class MemoryStore {
  /** By key; a Map keeps the order of arrival. */
  readonly #segments = new Map<string, StoredSegment>()
  readonly #outbox = new Set<string>()
  readonly #meta = new Map<string, unknown>()
  #lastOrder = 0
  #advance: Advance | undefined
  #checkpoint: Checkpoint | undefined

  read(): StoredState {
    const segments = [...this.#segments.values()]
    return {
      segments,
      outbox: inOrderOfArrival(segments, this.#outbox),
      meta: new Map(this.#meta),
      advance: this.#advance,
      checkpoint: this.#checkpoint,
    }
  }

  write(batch: WriteBatch): number {
    if (batch.reset === true) this.#forgetCanonical()
    const news = exceeds(batch.advance, this.#advance)
    const lastOrder = news ? this.#storeRun(batch) : this.#orderOf(batch.segments?.at(-1))
    for (const key of batch.outboxAdd ?? []) this.#outbox.add(key)
    for (const key of batch.outboxRemove ?? []) this.#outbox.delete(key)
    for (const [key, value] of batch.meta ?? []) this.#meta.set(key, value)
    return lastOrder
  }

  claim(key: string, value: unknown): unknown {
    if (!this.#meta.has(key)) this.#meta.set(key, value)
    return this.#meta.get(key)
  }

  /** The part of a batch that is skipped when another tab has stored the run already. */
  #storeRun({ segments = [], checkpoint, advance }: WriteBatch): number {
    for (const { key, kind, ids, text, check } of segments) {
      if (this.#segments.has(key)) continue
      const order = ++this.#lastOrder
      this.#segments.set(key, { order, key, kind, ids: [...ids], text, check })
    }
    const lastOrder = this.#orderOf(segments.at(-1))
    if (checkpoint !== undefined) {
      this.#checkpoint = { ...checkpoint, pages: [...checkpoint.pages] }
      this.#dropTail(checkpoint.throughOrder)
    }
    if (advance !== undefined) this.#advance = { ...advance }
    return lastOrder
  }

  /** 0 when it is not stored, or there is none. */
  #orderOf(segment: Segment | undefined): number {
    return segment === undefined ? 0 : (this.#segments.get(segment.key)?.order ?? 0)
  }

  #forgetCanonical(): void {
    this.#advance = undefined
    this.#checkpoint = undefined
    this.#dropTail(Infinity)
  }

  #dropTail(throughOrder: number): void {
    for (const { kind, key, order } of this.#segments.values()) {
      if (kind === 'tail' && order <= throughOrder) this.#segments.delete(key)
    }
  }
}

function exceeds(advance: Advance | undefined, stored: Advance | undefined): boolean {
  return advance === undefined || stored === undefined || advance.rank > stored.rank
}

/** Keys without a segment come last, sorted, so that every adapter gives one order. */
function inOrderOfArrival(
  segments: readonly StoredSegment[],
  keys: ReadonlySet<string>,
): readonly string[] {
  const known = segments.filter(({ key }) => keys.has(key)).map(({ key }) => key)
  const strays = new Set(keys)
  for (const key of known) strays.delete(key)
  return [...known, ...[...strays].sort()]
}
