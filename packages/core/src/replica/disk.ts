/**
 * The replica's side of its storage: writes in order, grouped while one is under way, and the
 * truth about whether the storage still works. When it does not, the store goes on in memory
 * (`degraded`), and says so.
 */
import { checksum } from '../base/checksum.ts'
import type { Uuid } from '../base/uuid.ts'
import {
  type Advance,
  type Segment,
  type Storage,
  StorageError,
  type StorageHandle,
  type StorageTrouble,
  type WriteBatch,
} from '../ports/storage.ts'

interface Waiting {
  readonly batch: WriteBatch
  readonly done: (stored: boolean) => void
}

export class Disk {
  #handle: StorageHandle | undefined
  readonly #waiting: Waiting[] = []
  #writing: Promise<void> | undefined
  /** Batches joined into one transaction, at the most. */
  readonly #batchesMax: number
  readonly #onTrouble: (trouble: StorageTrouble | undefined) => void
  #trouble: StorageTrouble | undefined
  /** Facts that the storage refused. They go before all else: what is stored has no gaps. */
  #owed: WriteBatch[] = []

  constructor(batchesMax: number, onTrouble: (trouble: StorageTrouble | undefined) => void) {
    this.#batchesMax = batchesMax
    this.#onTrouble = onTrouble
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
      this.#handle = await storage.open((trouble) => this.#fail(trouble), space)
    } catch (error) {
      this.#fail(error instanceof StorageError ? error.trouble : 'failed')
    }
  }

  /** Resolves to whether it is stored. Never rejects. */
  write(batch: WriteBatch): Promise<boolean> {
    if (!this.#handle || this.#trouble === 'closed' || this.#trouble === 'version')
      return Promise.resolve(false)
    return new Promise((done) => {
      this.#waiting.push({ batch, done })
      this.#writing ??= this.#drain()
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
    while (this.#writing) await this.#writing
  }

  async close(): Promise<void> {
    await this.idle()
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close()
  }

  async #drain(): Promise<void> {
    try {
      while (this.#waiting.length > 0) await this.#writeGroup(this.#takeGroup())
    } finally {
      this.#writing = undefined // in the very turn in which nothing waits: what comes next starts anew
    }
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    const batches = group.map(({ batch }) => batch)
    let stored = false
    try {
      if (this.#owed.length > 0) await this.#handle!.write(joined(this.#owed))
      this.#owed = []
      await this.#handle!.write(joined(batches))
      stored = true
      if (this.#trouble === 'quota' || this.#trouble === 'blocked') this.#fail(undefined)
    } catch (error) {
      this.#fail(error instanceof StorageError ? error.trouble : 'failed')
      this.#owed.push(...batches.filter(({ durability }) => durability === 'strict'))
    }
    for (const { done } of group) done(stored)
  }

  /** The next batch, with those behind it that are of the same plain kind. */
  #takeGroup(): Waiting[] {
    const group = [this.#waiting.shift()!]
    if (!isPlain(group[0]!.batch)) return group
    while (group.length < this.#batchesMax && this.#waiting[0] && isPlain(this.#waiting[0].batch)) {
      group.push(this.#waiting.shift()!)
    }
    return group
  }

  #fail(trouble: StorageTrouble | undefined): void {
    if (this.#trouble === trouble) return
    this.#trouble = trouble
    this.#onTrouble(trouble)
  }
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

export function segment(
  key: string,
  kind: Segment['kind'],
  content: { ids: readonly Uuid[]; text: string; rank?: number },
): Segment {
  return { key, kind, ...content, check: checksum(content.text) }
}

/** A later epoch, or a later seq of it, has the higher rank. */
export function rankOf(position: { readonly epoch: number; readonly seq: number }): number {
  return position.epoch * 2 ** 36 + position.seq
}

/** `fromRank` of a snapshot is 0: it continues nothing. */
export function advanceOf(
  position: { readonly epoch: number; readonly seq: number },
  fromRank: number,
): Advance {
  return { rank: rankOf(position), fromRank, text: JSON.stringify(position) }
}
