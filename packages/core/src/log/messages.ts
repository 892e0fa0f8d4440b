/** Messages this replica can name: by id, for parents, verdicts and duplicates. */
import type { Uuid } from '../base/uuid.ts'
import type { Entry, Write } from './entry.ts'

export class MessageIndex {
  readonly #entries = new Map<Uuid, Entry>()

  get size(): number {
    return this.#entries.size
  }

  entries(): IterableIterator<Entry> {
    return this.#entries.values()
  }

  get(id: Uuid): Entry | undefined {
    return this.#entries.get(id)
  }

  add(entry: Entry): void {
    this.#entries.set(entry.id, entry)
  }

  delete(id: Uuid): void {
    this.#entries.delete(id)
  }

  clear(): void {
    this.#entries.clear()
  }

  /** What that message did to that entity, if both are known here. */
  writeOf(id: Uuid, entityId: Uuid): Write | undefined {
    const entry = this.#entries.get(id)
    if (!entry) return undefined
    for (const write of entry.writes) if (write.entityId === entityId) return write
    return undefined
  }
}
