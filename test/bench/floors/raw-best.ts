/**
 * Floor *raw-best*: a Map of plain rows, a chunked sorted list behind each index, a columnar log,
 * and live queries that a change reaches through the value of one field. No checks, no hashes,
 * no transactions, and only the two queries that the bench asks.
 */
import type { TaskInput, TaskRow } from '../data.ts'
import { ChunkedList } from './chunked-list.ts'
import { CREATED, ColumnLog } from './column-log.ts'

type Field = keyof TaskInput

const FIELDS: readonly Field[] = ['title', 'done', 'priority', 'ownerId', 'createdAt']

type Listener = () => void

/** A query that stays open: a value of one field, a bound on the number of rows. */
export class RawLive {
  dirty = true
  last: TaskRow | undefined
  listener: Listener | undefined
  rows: readonly TaskRow[] = []
  readonly limit: number
  readonly read: (limit: number) => TaskRow[]

  constructor(limit: number, read: (limit: number) => TaskRow[]) {
    this.limit = limit
    this.read = read
  }

  /** The array is made on read, not on write. */
  snapshot(): readonly TaskRow[] {
    if (this.dirty) {
      this.rows = this.read(this.limit)
      this.last = this.rows.length === this.limit ? this.rows[this.limit - 1] : undefined
      this.dirty = false
    }
    return this.rows
  }
}

export class RawStore {
  readonly log: ColumnLog = new ColumnLog()
  readonly open: ChunkedList<TaskRow> = new ChunkedList(compareOpen)
  readonly owner: ChunkedList<TaskRow> = new ChunkedList(compareOwner)
  private readonly numbers = new Map<string, number>()
  private readonly rows: TaskRow[] = []
  private readonly indexed: boolean
  private readonly byDone = new Map<boolean, RawLive[]>()
  private readonly byOwner = new Map<string, RawLive[]>()
  private readonly touched: RawLive[] = []

  constructor({ indexed }: { readonly indexed: boolean }) {
    this.indexed = indexed
  }

  get size(): number {
    return this.rows.length
  }

  all(): readonly TaskRow[] {
    return this.rows
  }

  get(id: string): TaskRow | undefined {
    const number = this.numbers.get(id)
    return number === undefined ? undefined : this.rows[number]
  }

  create(input: TaskInput): string {
    const id = crypto.randomUUID()
    this.createWithId(id, input)
    return id
  }

  createWithId(id: string, input: TaskInput): void {
    const row = this.add(id, input)
    if (!this.indexed) return
    this.open.insert(row)
    this.owner.insert(row)
    this.touch(undefined, row)
    this.emit()
  }

  /** Many at once: each index is sorted once. */
  createMany(inputs: readonly (TaskInput & { readonly id?: string })[]): void {
    for (const input of inputs) this.add(input.id ?? crypto.randomUUID(), input)
    if (!this.indexed) return
    this.open.build(this.rows.slice())
    this.owner.build(this.rows.slice())
  }

  update(id: string, field: Field, value: string | number | boolean): void {
    const number = this.numbers.get(id)!
    const before = this.rows[number]!
    const { title, done, priority, ownerId, createdAt } = before
    const row = { id: before.id, title, done, priority, ownerId, createdAt }
    ;(row as Record<string, unknown>)[field] = value
    this.rows[number] = row
    this.log.append(number, FIELDS.indexOf(field), value)
    if (!this.indexed) return
    if (field === 'done' || field === 'priority' || field === 'createdAt') {
      this.open.remove(before)
      this.open.insert(row)
    } else this.open.replace(row)
    if (field === 'ownerId' || field === 'createdAt') {
      this.owner.remove(before)
      this.owner.insert(row)
    } else this.owner.replace(row)
    this.touch(before, row)
    this.emit()
  }

  queryOpen(limit: number): TaskRow[] {
    return this.open.range(
      () => true,
      (row) => row.done,
      limit,
    )
  }

  queryOwner(ownerId: string, limit = Infinity): TaskRow[] {
    return this.owner.range(
      (row) => row.ownerId >= ownerId,
      (row) => row.ownerId > ownerId,
      limit,
    )
  }

  liveOpen(limit: number, listener: Listener): RawLive {
    const live = new RawLive(limit, (max) => this.queryOpen(max))
    return this.watch(live, listener, {
      list: this.byDone as Map<unknown, RawLive[]>,
      value: false,
    })
  }

  liveOwner(ownerId: string, listener: Listener): RawLive {
    const live = new RawLive(Infinity, (max) => this.queryOwner(ownerId, max))
    return this.watch(live, listener, {
      list: this.byOwner as Map<unknown, RawLive[]>,
      value: ownerId,
    })
  }

  close(live: RawLive): void {
    for (const lists of [this.byDone, this.byOwner]) {
      for (const list of lists.values()) {
        const at = list.indexOf(live)
        if (at >= 0) list.splice(at, 1)
      }
    }
  }

  private add(id: string, { title, done, priority, ownerId, createdAt }: TaskInput): TaskRow {
    const row = { id, title, done, priority, ownerId, createdAt }
    const number = this.rows.push(row) - 1
    this.numbers.set(id, number)
    this.log.append(number, CREATED, row)
    return row
  }

  private watch(
    live: RawLive,
    listener: Listener,
    { list, value }: { readonly list: Map<unknown, RawLive[]>; readonly value: unknown },
  ): RawLive {
    live.listener = listener
    const others = list.get(value)
    if (others) others.push(live)
    else list.set(value, [live])
    return live
  }

  /** Marks the queries that a change can matter to. */
  private touch(before: TaskRow | undefined, row: TaskRow): void {
    this.touchList(this.byOwner.get(row.ownerId), { before, row, compare: compareOwner })
    this.touchList(this.byDone.get(row.done), { before, row, compare: compareOpen })
    if (!before) return
    if (before.ownerId !== row.ownerId) {
      this.touchList(this.byOwner.get(before.ownerId), { before, row, compare: compareOwner })
    }
    if (before.done !== row.done) {
      this.touchList(this.byDone.get(before.done), { before, row, compare: compareOpen })
    }
  }

  private touchList(
    lives: readonly RawLive[] | undefined,
    change: {
      readonly before: TaskRow | undefined
      readonly row: TaskRow
      readonly compare: (a: TaskRow, b: TaskRow) => number
    },
  ): void {
    if (lives === undefined) return
    const { before, row, compare } = change
    for (const live of lives) {
      if (live.dirty) continue
      const { last } = live
      const matters =
        last === undefined ||
        compare(row, last) <= 0 ||
        (before !== undefined && compare(before, last) <= 0)
      if (!matters) continue
      live.dirty = true
      this.touched.push(live)
    }
  }

  private emit(): void {
    if (this.touched.length === 0) return
    for (const live of this.touched.splice(0)) live.listener?.()
  }
}

export function compareOpen(a: TaskRow, b: TaskRow): number {
  if (a.done !== b.done) return a.done ? 1 : -1
  return (
    b.priority - a.priority || a.createdAt - b.createdAt || (a.id < b.id ? -1 : Number(a.id > b.id))
  )
}

export function compareOwner(a: TaskRow, b: TaskRow): number {
  if (a.ownerId !== b.ownerId) return a.ownerId < b.ownerId ? -1 : 1
  return a.createdAt - b.createdAt || (a.id < b.id ? -1 : Number(a.id > b.id))
}
