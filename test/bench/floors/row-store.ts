/**
 * Floor of the browser workloads: a Map of plain rows, a sorted index, listeners by row, and
 * writes grouped by microtask for the code that makes them durable.
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

interface Top {
  readonly limit: number
  readonly listeners: Set<() => void>
  rows: readonly TaskRow[] | undefined
}

export class RowStore {
  private readonly rows = new Map<string, TaskRow>()
  private readonly index = new ChunkedList<TaskRow>(compareOpen)
  private readonly listeners = new Map<string, Set<() => void>>()
  /** Lists of the first rows: how many, who listens, and what was read last. */
  private readonly tops: Top[] = []
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
    for (const top of this.tops) this.touch(top, before, row)
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

  /** The first rows that are not done, in the order of the index. */
  top(limit: number): readonly TaskRow[] {
    const top = this.topOf(limit)
    top.rows ??= this.index.range(
      () => true,
      (row) => row.done,
      limit,
    )
    return top.rows
  }

  subscribeTop(limit: number, listener: () => void): () => void {
    const { listeners } = this.topOf(limit)
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }

  private topOf(limit: number): Top {
    const known = this.tops.find((top) => top.limit === limit)
    if (known) return known
    const top: Top = { limit, listeners: new Set(), rows: undefined }
    this.tops.push(top)
    return top
  }

  private touch(top: Top, before: TaskRow | undefined, row: TaskRow): void {
    const { rows, limit } = top
    if (rows === undefined) return
    const last = rows.length === limit ? rows[limit - 1]! : undefined
    const isIn = (one: TaskRow): boolean => last === undefined || compareOpen(one, last) <= 0
    if (!isIn(row) && !(before && isIn(before))) return
    top.rows = undefined
    for (const listener of top.listeners) listener()
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
