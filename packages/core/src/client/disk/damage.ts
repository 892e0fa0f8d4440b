/**
 * Reports of damaged records in this storage. While there is one, the status is `damaged`. The
 * records are not deleted; `store.discard(key)` discards a report for good.
 */
import type { Uuid } from '../../base/uuid.ts'
import type { Disk } from './disk.ts'
import type { StoredFlush } from './restore.ts'
import { type OwnReading, salvagedFrom } from './own-text.ts'
import type { DamagedRecord } from './sound-state.ts'
import type { SyncStatus } from '../store.ts'

/** The outcome of own messages. */
interface Outcomes {
  /** Whether the reviewer has accepted the message, or the app has dismissed it. */
  isSettled(id: Uuid): boolean
  /** Removes refused messages that are accepted after all. */
  dropAccepted(): void
}

/** Prefix of the `meta` keys of what the app has dismissed, by message id or key of a damaged record. */
export const DISMISSED = 'dismissed:'

export class Damage {
  readonly #records = new Map<string, DamagedRecord>()
  readonly #discarded = new Set<string>()
  readonly #onChange: (list: readonly DamagedRecord[]) => void

  constructor(onChange: (list: readonly DamagedRecord[]) => void) {
    this.#onChange = onChange
  }

  get any(): boolean {
    return this.#records.size > 0
  }

  has(key: string): boolean {
    return this.#records.has(key)
  }

  /** Adds keys whose reports the app discarded in earlier sessions. */
  restore(discarded: Iterable<string>): void {
    for (const key of discarded) this.#discarded.add(key)
  }

  add(records: readonly DamagedRecord[]): void {
    const fresh = records.filter(({ key }) => !this.#discarded.has(key) && !this.#records.has(key))
    for (const record of fresh) this.#records.set(record.key, record)
    if (fresh.length > 0) this.#notify()
  }

  /** Removes reports that are resolved: messages accepted or dismissed, canonical state fetched again. */
  dropResolved(messages: Outcomes, { connection }: Pick<SyncStatus, 'connection'>): void {
    messages.dropAccepted()
    if (!this.any) return
    this.#remove(
      ({ kind, messageIds }) =>
        (kind === 'messages' || kind === 'session') &&
        messageIds.length > 0 &&
        messageIds.every((id) => messages.isSettled(id)),
    )
    if (connection === 'online') this.#remove(({ kind }) => kind === 'state')
  }

  /** Discards the report of a record for good. Returns false for an unknown key. */
  discard(key: string, disk: Disk): boolean {
    const record = this.#records.get(key)
    if (!record) return false
    this.#discarded.add(key)
    this.#remove((each) => each === record)
    const outboxRemove = record.kind === 'outbox' ? [key] : []
    void disk.write({ durability: 'strict', meta: [[DISMISSED + key, true]], outboxRemove })
    return true
  }

  #remove(isOver: (record: DamagedRecord) => boolean): void {
    const before = this.#records.size
    for (const record of [...this.#records.values()])
      if (isOver(record)) this.#records.delete(record.key)
    if (this.#records.size < before) this.#notify()
  }

  #notify(): void {
    this.#onChange(Object.freeze([...this.#records.values()]))
  }
}

/** The messages of a damaged record that are still as their author wrote them. */
export function salvaged(
  { key, text, messageIds }: DamagedRecord,
  reading: OwnReading,
): StoredFlush {
  const messages = text === undefined ? [] : salvagedFrom(text, messageIds, reading)
  return { key, messages, bases: [], text: '', sig: '', open: true, isDamaged: true }
}
