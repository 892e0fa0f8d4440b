/**
 * Damaged records of this storage, until they no longer matter: as long as one is listed, the
 * status says `damaged`. Nothing of them is deleted; `store.discard(key)` ends a report for good.
 */
import type { Uuid } from '../base/uuid.ts'
import { unpackMessages } from '../protocol/pack.ts'
import type { StoredFlush } from './restore.ts'
import { type DamagedRecord, parsed } from './sound-state.ts'

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

  /** Keys whose reports the app ended in an earlier life. */
  restore(discarded: Iterable<string>): void {
    for (const key of discarded) this.#discarded.add(key)
  }

  add(records: readonly DamagedRecord[]): void {
    const fresh = records.filter(({ key }) => !this.#discarded.has(key) && !this.#records.has(key))
    for (const record of fresh) this.#records.set(record.key, record)
    if (fresh.length > 0) this.#tell()
  }

  /** The state of the reviewer is here again. */
  stateFetched(): void {
    this.#remove(({ kind }) => kind === 'state')
  }

  /** Ends the reports of records each of whose messages is. */
  settled(isSettled: (id: Uuid) => boolean): void {
    this.#remove(
      ({ kind, messageIds }) =>
        (kind === 'messages' || kind === 'session') &&
        messageIds.length > 0 &&
        messageIds.every(isSettled),
    )
  }

  /** The record, if there was one. Its report is over. */
  discard(key: string): DamagedRecord | undefined {
    const known = this.#records.get(key)
    this.#discarded.add(key)
    this.#remove((record) => record.key === key)
    return known
  }

  #remove(isOver: (record: DamagedRecord) => boolean): void {
    const before = this.#records.size
    for (const record of [...this.#records.values()])
      if (isOver(record)) this.#records.delete(record.key)
    if (this.#records.size < before) this.#tell()
  }

  #tell(): void {
    this.#onChange(Object.freeze([...this.#records.values()]))
  }
}

/** What of a damaged record of own messages is still what its author wrote: ids are hashes. */
export function salvaged({ key, text, messageIds }: DamagedRecord, space: Uuid): StoredFlush {
  const { packed } = Object(parsed(text)) as { readonly packed?: unknown }
  const messages = unpackMessages(packed, space)
  const whole = messages.ok ? messages.value.filter(({ id }) => messageIds.includes(id)) : []
  return { key, messages: whole, packed: '', sig: '', publicKey: '', open: true, isDamaged: true }
}
