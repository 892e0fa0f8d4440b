/**
 * The replica's side of its storage: writes in order, grouped while one is under way, and the
 * truth about whether the storage still works. When it does not, the store goes on in memory
 * (`degraded`), and says so.
 */
import { checksum } from '../../base/checksum.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { Limits } from '../../facts/limits.ts'
import type { Position } from '../../facts/message.ts'
import { positionJson } from '../../wire/frames.ts'
import type { Clock } from '../../ports/clock.ts'
import {
  type Advance,
  type Segment,
  type Storage,
  StorageError,
  type StorageHandle,
  type StorageTrouble,
  type WriteBatch,
  type Written,
} from '../../ports/storage.ts'
import { rankOf } from './rank.ts'
import { type SoundState, soundState } from './sound-state.ts'

/** Troubles that end with a write that goes through. */
const PASSING: ReadonlySet<StorageTrouble> = new Set(['quota', 'blocked', 'hanging'])

export interface DiskParts {
  readonly limits: Pick<Limits, 'storageBatchesMax' | 'storageAnswerMs'>
  readonly clock: Clock
  /** `trouble` has changed. */
  readonly onTrouble: () => void
  /** A storage that did not answer in time does so now, and has what it was owed. */
  readonly onBack: () => void
}

interface Waiting {
  readonly batch: WriteBatch
  /** Without `written`, nothing of it is stored. */
  readonly done: (written: Written | undefined) => void
}

export class Disk {
  readonly #parts: DiskParts
  #handle: StorageHandle | undefined
  /** A call without an answer, after the longest time one is waited for: nothing else is asked meanwhile. */
  #hanging: Promise<void> | undefined
  #closed = false
  readonly #waiting: Waiting[] = []
  #isDraining = false
  /** Ends with the draining that is under way, or was last. */
  #drained: Promise<void> = Promise.resolve()
  /** Batches joined into one transaction, at the most. */
  #trouble: StorageTrouble | undefined
  /** It answers again, so what is owed is worth a try. */
  #isBack = false
  /** Facts that the storage refused, or did not take in time. They go before all else: what is stored has no gaps. */
  #owed: WriteBatch[] = []

  constructor(parts: DiskParts) {
    this.#parts = parts
  }

  get handle(): StorageHandle | undefined {
    return this.#handle
  }

  /** Why nothing is durable at present, if so. */
  get trouble(): StorageTrouble | undefined {
    return this.#trouble
  }

  async open(storage: Storage, space: Uuid): Promise<void> {
    try {
      const opening = storage.open((trouble) => this.#fail(trouble), space)
      // Also when it comes too late to be waited for.
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

  /** What is stored, its damaged records set apart; undefined where nothing can be read. Never rejects. */
  async read(): Promise<SoundState | undefined> {
    try {
      if (!this.#handle || this.#hanging) return undefined
      return soundState(await this.#answer(this.#handle.read()))
    } catch (error) {
      this.#fail(troubleOf(error))
      return undefined
    }
  }

  /** As `StorageHandle.waiting`; undefined where nothing can be read. Never rejects. */
  async waiting(): Promise<readonly string[] | undefined> {
    try {
      if (!this.#handle || this.#hanging) return undefined
      return await this.#answer(this.#handle.waiting())
    } catch (error) {
      // What it does not name is looked at with the next opening.
      if (error instanceof StorageError) this.#fail(error.trouble)
      return undefined
    }
  }

  /** As `StorageHandle.claim`; where nothing can be stored, `value` itself. Never rejects. */
  async claim(key: string, value: unknown): Promise<unknown> {
    try {
      if (!this.#handle || this.#hanging) return value
      return await this.#answer(this.#handle.claim(key, value))
    } catch (error) {
      this.#fail(troubleOf(error))
      return value
    }
  }

  /** Resolves to whether it is stored. Never rejects. */
  async write(batch: WriteBatch): Promise<boolean> {
    return (await this.#written(batch)) !== undefined
  }

  /** Resolves to whether the checkpoint of the batch is the stored one. Never rejects. */
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
   * Hands drafts to the storage before this call returns, ahead of what waits. Not tried again: the
   * flush that seals them is, and it tells of trouble.
   */
  writeAtOnce(batch: Pick<WriteBatch, 'segments' | 'meta'>): void {
    if (!this.#handle || this.#trouble) return
    this.#handle.write({ durability: 'relaxed', atOnce: true, ...batch }).catch(() => {})
  }

  /** Resolves when nothing waits to be written. */
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

  /** It may end before this returns, where nothing is left to do. */
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
      this.#isDraining = false // in the very turn in which nothing waits: what comes next starts anew
    }
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    const batches = group.map(({ batch }) => batch)
    let written: Written | undefined
    try {
      // Writing begins when the handle is there, and it stays.
      if (this.#owed.length > 0) await this.#answer(this.#handle!.write(joined(this.#owed)))
      this.#owed = []
      // As above.
      if (batches.length > 0) written = await this.#answer(this.#handle!.write(joined(batches)))
      if (this.#trouble !== undefined && PASSING.has(this.#trouble)) this.#fail(undefined)
    } catch (error) {
      this.#isBack = false
      this.#fail(troubleOf(error))
      for (const batch of batches) this.#owe(batch)
    }
    for (const { done } of group) done(written)
  }

  /** Whether what is owed is to be written without waiting for the next batch. */
  get #isOwing(): boolean {
    return this.#isBack && this.#owed.length > 0 && this.#handle !== undefined
  }

  /** Kept until it is stored. Of what the reviewer can send again, only that its verdicts are known. */
  #owe(batch: WriteBatch): void {
    const { durability, outboxRemove, meta } = batch
    if (durability === 'strict') this.#owed.push(batch)
    else if (outboxRemove?.length || meta?.length)
      this.#owed.push({ durability, outboxRemove: outboxRemove ?? [], meta: meta ?? [] })
  }

  #giveUpWaiting(): void {
    for (const { batch, done } of this.#waiting.splice(0)) {
      this.#owe(batch)
      done(undefined)
    }
  }

  /** The answer to a call; rejects as `hanging` when there is none in time. */
  #answer<T>(call: Promise<T>): Promise<T> {
    const { clock, limits } = this.#parts
    return new Promise((resolve, reject) => {
      const stop = clock.after(limits.storageAnswerMs, () => {
        this.#hang(call)
        const words = `the storage has not answered for ${limits.storageAnswerMs} ms`
        reject(new StorageError('hanging', words))
      })
      call.then(resolve, reject).finally(stop)
    })
  }

  /** Goes on when the call is answered after all: what is owed is written, and the trouble ends. */
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
    // What it did, if anything, is not known: to write it again changes nothing.
    this.#startDraining()
    void this.idle().then(() => {
      if (this.#hanging || this.#closed) return
      if (this.#trouble !== undefined && PASSING.has(this.#trouble) && this.#owed.length === 0)
        this.#fail(undefined)
      if (this.#trouble === undefined) this.#parts.onBack()
    })
  }

  /** The next batch, with those behind it that are of the same plain kind. */
  #takeGroup(): Waiting[] {
    const [first] = this.#waiting
    const isGrouped = first !== undefined && isPlain(first.batch)
    const next = this.#waiting.slice(0, isGrouped ? this.#parts.limits.storageBatchesMax : 1)
    const end = next.findIndex(({ batch }, i) => i > 0 && !isPlain(batch))
    return this.#waiting.splice(0, end === -1 ? next.length : end)
  }

  #fail(trouble: StorageTrouble | undefined): void {
    // That another tab holds it up says more than that it does not answer.
    if (trouble === 'hanging' && this.#trouble === 'blocked') return
    if (this.#trouble === trouble) return
    this.#trouble = trouble
    this.#parts.onTrouble()
  }
}

function troubleOf(error: unknown): StorageTrouble {
  return error instanceof StorageError ? error.trouble : 'failed'
}

/** Without position or checkpoint, whose rules concern the whole batch. */
function isPlain(batch: WriteBatch): boolean {
  return !batch.advance && !batch.checkpoint && !batch.reset
}

function joined(batches: readonly WriteBatch[]): WriteBatch {
  if (batches.length === 1) return batches[0]!
  return {
    durability: batches.some((batch) => batch.durability === 'strict') ? 'strict' : 'relaxed',
    segments: batches.flatMap((batch) => batch.segments ?? []),
    outboxAdd: batches.flatMap((batch) => batch.outboxAdd ?? []),
    outboxRemove: batches.flatMap((batch) => batch.outboxRemove ?? []),
    meta: batches.flatMap((batch) => batch.meta ?? []),
    drop: batches.flatMap((batch) => batch.drop ?? []),
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

/** `fromRank` of a snapshot is 0: it continues nothing. */
export function advanceOf(position: Position, fromRank: number): Advance {
  return { rank: rankOf(position), fromRank, text: JSON.stringify(positionJson(position)) }
}
