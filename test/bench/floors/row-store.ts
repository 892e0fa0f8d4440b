/**
 * Floor of the browser workloads: a Map of plain rows, a sorted index, listeners by row, and
 * writes grouped by microtask for whoever makes them durable.
 */
import type { TaskRow } from '../data.ts'
import { ChunkedList } from './chunked-list.ts'
import { compareOpen } from './raw-best.ts'

/** Makes groups of rows durable; `settled` resolves when all of them are. */
export interface Persister {
  add(rows: readonly TaskRow[]): void
  settled(): Promise<void>
  /** Everything that is stored, in its newest state. */
  read(): Promise<readonly TaskRow[]>
  close(): void
}

export class RowStore {
  private readonly rows = new Map<string, TaskRow>()
  private readonly index = new ChunkedList<TaskRow>(compareOpen)
  private readonly listeners = new Map<string, Set<() => void>>()
  private readonly persister: Persister
  private group: TaskRow[] = []

  constructor(persister: Persister) {
    this.persister = persister
  }

  all(): Iterable<TaskRow> {
    return this.rows.values()
  }

  get(id: string): TaskRow | undefined {
    return this.rows.get(id)
  }

  put(row: TaskRow): void {
    const before = this.rows.get(row.id)
    if (before) this.index.remove(before)
    this.index.insert(row)
    this.rows.set(row.id, row)
    for (const listener of this.listeners.get(row.id) ?? []) listener()
    // After the listeners, so that the page is drawn before anything is stored.
    if (this.group.push(row) === 1) queueMicrotask(() => this.flush())
  }

  subscribe(id: string, listener: () => void): () => void {
    const listeners = this.listeners.get(id) ?? new Set()
    this.listeners.set(id, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.listeners.delete(id)
    }
  }

  async settled(): Promise<void> {
    this.flush()
    await this.persister.settled()
  }

  close(): void {
    this.persister.close()
  }

  private flush(): void {
    if (this.group.length === 0) return
    this.persister.add(this.group)
    this.group = []
  }
}
