/**
 * The replica's access to its storage: writes in order, in groups while one is under way, with
 * timeouts, and the health of the storage. When it fails, the store continues in memory
 * (`degraded`).
 */
import { checksum } from '../../base/checksum.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { Limits } from '../../facts/limits.ts'
import type { Position } from '../../facts/message.ts'
import { positionJson } from '../../wire/frames.ts'
import type { Clock } from '../../ports/clock.ts'
import {
  type Advance,
  type PageReading,
  type Segment,
  type SettledSegment,
  type Storage,
  StorageError,
  type StorageHandle,
  type StorageTrouble,
  type WriteBatch,
  type Written,
} from '../../ports/storage.ts'
import { rankOf } from './rank.ts'
import { type SoundState, soundState } from './sound-state.ts'

/** Troubles that end with the next successful write. */
const PASSING: ReadonlySet<StorageTrouble> = new Set(['quota', 'blocked', 'hanging'])

export interface DiskParts {
  readonly limits: Pick<Limits, 'storageBatchesMax' | 'storageAnswerMs'>
  readonly clock: Clock
  /** Called when `trouble` has changed. */
  readonly onTrouble?: () => void
  /** Called when flushes with all their verdicts have left the stored outbox. */
  readonly onSettled?: () => void
  /** Called when a hung storage answers, after the owed batches were written. */
  readonly onBack?: () => void
}

interface Waiting {
  readonly batch: WriteBatch
  /** undefined: the batch is not stored. */
  readonly done: (written: Written | undefined) => void
}

export class Disk {
  readonly #parts: DiskParts
  #handle: StorageHandle | undefined
  /** Removes the mark beside the storage, by which an emptied one is noticed. */
  #unmark: () => void = () => {}
  /** A call that has timed out and is still unanswered: meanwhile no other call is made. */
  #hanging: Promise<void> | undefined
  #closed = false
  readonly #waiting: Waiting[] = []
  #isDraining = false
  /** Resolves when the current drain, or the last one, has ended. */
  #drained: Promise<void> = Promise.resolve()
  #trouble: StorageTrouble | undefined
  /** The storage answers again: owed batches are retried without waiting for the next write. */
  #isBack = false
  /** Strict batches whose write failed or timed out. Retried before any other write, so the log on disk never has a gap. */
  #owed: WriteBatch[] = []

  constructor(parts: DiskParts) {
    this.#parts = parts
  }

  get handle(): StorageHandle | undefined {
    return this.#handle
  }

  /** Why writes are not durable at present; undefined: they are. */
  get trouble(): StorageTrouble | undefined {
    return this.#trouble
  }

  async open(storage: Storage, space: Uuid): Promise<void> {
    this.#unmark = () => storage.care?.marks.remove(space)
    try {
      const opening = storage.open((trouble) => this.#fail(trouble), space)
      // Runs also when the storage opens after the timeout.
      const opened = opening.then((handle) => {
        if (this.#closed) void handle.close()
        else this.#handle = handle
        if (this.#trouble === 'blocked') this.#fail(undefined)
      })
      await this.#answer(opened)
    } catch (error) {
      this.#fail(troubleOf(error))
    }
  }

  /** Reads the stored state, damaged records separated; undefined where it cannot be read. Never rejects. */
  async read(): Promise<SoundState | undefined> {
    try {
      if (!this.#handle || this.#hanging) return undefined
      return soundState(await this.#answer(this.#handle.read()))
    } catch (error) {
      this.#fail(troubleOf(error))
      return undefined
    }
  }

  /**
   * As `StorageHandle.pages`; undefined where the storage fails, or no part has come for the time of
   * an answer. Never rejects.
   */
  async pages(checkpoint: string, reading: PageReading): Promise<boolean | undefined> {
    try {
      if (!this.#handle || this.#hanging) return undefined
      let isAlive = (): void => {}
      const watched: PageReading = {
        begin: (stored) => reading.begin(stored),
        next: () => reading.next(),
        take(pages) {
          isAlive()
          reading.take(pages)
        },
      }
      const call = this.#handle.pages(checkpoint, watched)
      return await this.#answer(call, (renew) => (isAlive = renew))
    } catch (error) {
      this.#fail(troubleOf(error))
      return undefined
    }
  }

  /** As `StorageHandle.waiting`; undefined where it cannot be read. Never rejects. */
  async waiting(): Promise<readonly string[] | undefined> {
    try {
      if (!this.#handle || this.#hanging) return undefined
      return await this.#answer(this.#handle.waiting())
    } catch (error) {
      this.#fail(troubleOf(error))
      return undefined
    }
  }

  /** As `StorageHandle.claim`; returns `value` where the storage fails. Never rejects. */
  async claim(key: string, value: unknown): Promise<unknown> {
    try {
      if (!this.#handle || this.#hanging) return value
      return await this.#answer(this.#handle.claim(key, value))
    } catch (error) {
      this.#fail(troubleOf(error))
      return value
    }
  }

  /** Resolves to whether the batch is stored. Never rejects. */
  async write(batch: WriteBatch): Promise<boolean> {
    return (await this.#written(batch)) !== undefined
  }

  /** Resolves to whether the checkpoint of the batch is stored. Never rejects. */
  async writeCheckpoint(batch: WriteBatch): Promise<boolean> {
    return (await this.#written(batch))?.isCheckpointStored === true
  }

  #written(batch: WriteBatch): Promise<Written | undefined> {
    if (this.#trouble === 'closed' || this.#trouble === 'version') return Promise.resolve(undefined)
    if (this.#hanging) this.#owe(batch)
    if (!this.#handle || this.#hanging) return Promise.resolve(undefined)
    return new Promise((done) => {
      this.#waiting.push({ batch, done })
      this.#startDraining()
    })
  }

  /**
   * Passes drafts to the storage synchronously, before queued batches. Not retried: the flush that
   * seals them is, and it reports trouble.
   */
  writeAtOnce(batch: Pick<WriteBatch, 'segments' | 'meta'>): void {
    if (!this.#handle || this.#trouble) return
    this.#handle.write({ durability: 'relaxed', atOnce: true, ...batch }).catch(() => {})
  }

  /** Calls the storage itself. Rejects where it fails, is not open, or does not answer. */
  async call<T>(make: (handle: StorageHandle) => Promise<T>): Promise<T> {
    if (!this.#handle || this.#hanging)
      throw new StorageError('closed', 'this storage is not open, or does not answer')
    return this.#answer(make(this.#handle))
  }

  /** Deletes the place, and closes it: it can be opened again. Rejects as `call` does, which is a trouble. */
  async erase(): Promise<void> {
    await this.idle()
    try {
      await this.call((handle) => {
        this.#handle = undefined
        return handle.erase()
      })
    } catch (error) {
      this.#fail(troubleOf(error))
      throw error
    }
    this.#unmark()
  }

  /** Resolves when no write is queued. */
  async idle(): Promise<void> {
    while (this.#isDraining) await this.#drained
  }

  async close(): Promise<void> {
    await this.idle()
    const handle = this.#handle
    this.#closed = true
    this.#handle = undefined
    const closing = handle?.close()
    if (closing && !this.#hanging) await this.#answer(closing).catch(() => {})
  }

  /** The drain may end before this call returns, when there is nothing to write. */
  #startDraining(): void {
    if (this.#isDraining) return
    this.#isDraining = true
    this.#drained = this.#drain()
  }

  async #drain(): Promise<void> {
    try {
      while (this.#waiting.length > 0 || this.#isOwing) {
        if (this.#hanging) this.#giveUpWaiting()
        else await this.#writeGroup(this.#waiting.length > 0 ? this.#takeGroup() : [])
      }
    } finally {
      this.#isDraining = false // in the turn in which the queue is empty: the next write starts a new drain
    }
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    const batches = group.map(({ batch }) => batch)
    const removes = [...this.#owed, ...batches].some(
      ({ outboxRemove, settled }) => outboxRemove?.length || settled?.length,
    )
    let written: Written | undefined
    try {
      // Draining starts only with a handle.
      if (this.#owed.length > 0) await this.#answer(this.#handle!.write(joined(this.#owed)))
      this.#owed = []
      // As above.
      if (batches.length > 0) written = await this.#answer(this.#handle!.write(joined(batches)))
      if (this.#trouble !== undefined && PASSING.has(this.#trouble)) this.#fail(undefined)
      if (removes) this.#parts.onSettled?.()
    } catch (error) {
      this.#isBack = false
      this.#fail(troubleOf(error))
      for (const batch of batches) this.#owe(batch)
    }
    for (const { done } of group) done(written)
  }

  /** Whether to write the owed batches now, without waiting for the next batch. */
  get #isOwing(): boolean {
    return this.#isBack && this.#owed.length > 0 && this.#handle !== undefined
  }

  /**
   * Keeps a batch until it is stored. Of a relaxed one, only what becomes of own messages, `meta` and a
   * reset: the reviewer sends the rest again.
   */
  #owe(batch: WriteBatch): void {
    const { durability, outboxRemove = [], settled = [], meta = [], reset = false } = batch
    if (durability === 'strict') this.#owed.push(batch)
    else if (reset || outboxRemove.length + settled.length + meta.length > 0)
      this.#owed.push({ durability, outboxRemove, settled, meta, reset })
  }

  #giveUpWaiting(): void {
    for (const { batch, done } of this.#waiting.splice(0)) {
      this.#owe(batch)
      done(undefined)
    }
  }

  /** Awaits a call; rejects with `hanging` after the timeout. `onTimer` gets a function that restarts it. */
  #answer<T>(call: Promise<T>, onTimer?: (restart: () => void) => void): Promise<T> {
    const { clock, limits } = this.#parts
    return new Promise((resolve, reject) => {
      const start = (): (() => void) =>
        clock.after(limits.storageAnswerMs, () => {
          this.#hang(call)
          const words = `the storage has not answered for ${limits.storageAnswerMs} ms`
          reject(new StorageError('hanging', words))
        })
      let stop = start()
      onTimer?.(() => {
        stop()
        stop = start()
      })
      call.then(resolve, reject).finally(() => stop())
    })
  }

  /** Waits for a call that timed out. When it is answered, owed batches are written and the trouble ends. */
  #hang(call: Promise<unknown>): void {
    const ended = call.then(
      () => this.#back(undefined),
      (error: unknown) => this.#back(troubleOf(error)),
    )
    this.#hanging = ended
  }

  #back(trouble: StorageTrouble | undefined): void {
    this.#hanging = undefined
    if (this.#closed) return
    this.#isBack = true
    if (trouble !== undefined) this.#fail(trouble)
    if (!this.#handle) return
    // The timed-out write may have been stored; writes are idempotent, so it is repeated.
    this.#startDraining()
    void this.idle().then(() => {
      if (this.#hanging || this.#closed) return
      if (this.#trouble !== undefined && PASSING.has(this.#trouble) && this.#owed.length === 0)
        this.#fail(undefined)
      if (this.#trouble === undefined) this.#parts.onBack?.()
    })
  }

  /** Removes the next batch from the queue, with the plain batches that follow a plain one. */
  #takeGroup(): Waiting[] {
    const [first] = this.#waiting
    const isGrouped = first !== undefined && isPlain(first.batch)
    const next = this.#waiting.slice(0, isGrouped ? this.#parts.limits.storageBatchesMax : 1)
    const end = next.findIndex(({ batch }, i) => i > 0 && !isPlain(batch))
    return this.#waiting.splice(0, end === -1 ? next.length : end)
  }

  #fail(trouble: StorageTrouble | undefined): void {
    // `blocked` (by another tab) is the more specific trouble.
    if (trouble === 'hanging' && this.#trouble === 'blocked') return
    if (this.#trouble === trouble) return
    this.#trouble = trouble
    this.#parts.onTrouble?.()
  }
}

function troubleOf(error: unknown): StorageTrouble {
  return error instanceof StorageError ? error.trouble : 'failed'
}

/**
 * Whether a batch can be joined with others: without position and checkpoint, which are conditions on a
 * whole batch, and without rewrites and removals in `meta`, which come after what was written before.
 */
function isPlain(batch: WriteBatch): boolean {
  const { advance, checkpoint, reset, rewrite, metaRemove } = batch
  return !advance && !checkpoint && !reset && !rewrite && !metaRemove
}

function joined(batches: readonly WriteBatch[]): WriteBatch {
  if (batches.length === 1) return batches[0]!
  return {
    durability: batches.some((batch) => batch.durability === 'strict') ? 'strict' : 'relaxed',
    segments: batches.flatMap((batch) => batch.segments ?? []),
    ...joinedOutbox(batches),
    meta: batches.flatMap((batch) => batch.meta ?? []),
    drop: batches.flatMap((batch) => batch.drop ?? []),
    // Of owed ones: none of them has canonical state, so it does not matter in which order.
    reset: batches.some(({ reset }) => reset === true),
  }
}

/** Of each key what the last batch says: a flush that waits again must not be deleted. */
function joinedOutbox(
  batches: readonly WriteBatch[],
): Required<Pick<WriteBatch, 'outboxAdd' | 'outboxRemove' | 'settled'>> {
  const fates = new Map<string, 'waits' | 'stays' | SettledSegment>()
  for (const { outboxAdd = [], outboxRemove = [], settled = [] } of batches) {
    for (const key of outboxAdd) fates.set(key, 'waits')
    for (const key of outboxRemove) fates.set(key, 'stays')
    for (const each of settled) fates.set(each.key, each)
  }
  const all = [...fates]
  const keysOf = (wanted: string): string[] =>
    all.flatMap(([key, fate]) => (fate === wanted ? [key] : []))
  return {
    outboxAdd: keysOf('waits'),
    outboxRemove: keysOf('stays'),
    settled: all.flatMap(([, fate]) => (typeof fate === 'string' ? [] : [fate])),
  }
}

/** A segment with the checksum of its text. */
export function segment(
  key: string,
  kind: Segment['kind'],
  content: { ids: readonly Uuid[]; text: string; rank?: number },
): Segment {
  return { key, kind, ...content, check: checksum(content.text) }
}

/** The position record of a batch. A snapshot has `fromRank` 0, because it needs no previous position. */
export function advanceOf(position: Position, fromRank: number): Advance {
  return { rank: rankOf(position), fromRank, text: JSON.stringify(positionJson(position)) }
}
