/**
 * Floor of the network workloads, the client: rows by number, an outbox that goes out in batches,
 * and resumption by seq. The last write in the canonical order wins: a change of another author is
 * skipped while an own one of the same field waits for its ack, since that one will come later.
 */
import { type Socket, io } from 'socket.io-client'
import type { TaskRow } from '../data.ts'
import {
  type ClientEvents,
  FIELDS,
  type ServerEvents,
  type WireChange,
  type WireRun,
  type WireSnapshot,
  changed,
  isRow,
  rowOf,
  rowsOf,
  wireRow,
} from './sync-wire.ts'

const BATCH_MAX = 500
const IN_FLIGHT_MAX = 2_000

export class SyncClient {
  /** Changes without an ack are those from `acked + 1` on, in `outbox`. */
  outbox: WireChange[] = []
  acked = 0
  seq = 0
  onRow: ((row: TaskRow) => void) | undefined
  onAck: ((count: number) => void) | undefined
  private readonly socket: Socket<ServerEvents, ClientEvents>
  private readonly name = crypto.randomUUID().slice(0, 8)
  /** By number; own rows without a number are in `created` only. */
  private rows: TaskRow[] = []
  private readonly numbers = new Map<string, number>()
  private readonly created = new Map<string, TaskRow>()
  /** How many own changes of a field wait, by `${row}:${field}`. */
  private readonly waiting = new Map<string, number>()
  /** How much of the outbox has been sent. */
  private sent = 0
  private scheduled = false

  constructor(url: string) {
    this.socket = io(url, {
      transports: ['websocket'],
      forceNew: true,
      reconnectionDelay: 50,
      reconnectionDelayMax: 200,
    })
    this.socket.on('connect', () => {
      this.socket.emit('hello', this.seq)
      this.sent = 0
      this.send()
    })
    this.socket.on('commit', (firstSeq, runs) => this.take(firstSeq, runs))
    this.socket.on('snapshot', (seq, snapshot) => this.adopt(seq, snapshot))
  }

  all(): TaskRow[] {
    return [...this.rows, ...this.created.values()]
  }

  create(row: TaskRow): number {
    this.created.set(row.id, row)
    return this.put(wireRow(row))
  }

  /** The count of the change, which `onAck` will exceed or equal. */
  update(id: string, name: keyof Omit<TaskRow, 'id'>, value: unknown): number {
    const field = FIELDS.indexOf(name)
    const number = this.numbers.get(id)
    if (number === undefined) this.created.set(id, changed(this.created.get(id)!, field, value))
    else this.rows[number] = changed(this.rows[number]!, field, value)
    const key = `${id}:${field}`
    this.waiting.set(key, (this.waiting.get(key) ?? 0) + 1)
    return this.put([number ?? id, field, value])
  }

  setOnline(online: boolean): void {
    if (online) this.socket.connect()
    else this.socket.disconnect()
  }

  close(): void {
    this.socket.disconnect()
  }

  private put(change: WireChange): number {
    const count = this.acked + this.outbox.push(change)
    if (!this.scheduled) {
      this.scheduled = true
      queueMicrotask(() => {
        this.scheduled = false
        this.send()
      })
    }
    return count
  }

  private send(): void {
    if (!this.socket.connected) return
    while (this.sent < this.outbox.length && this.sent < IN_FLIGHT_MAX) {
      const batch = this.outbox.slice(this.sent, this.sent + BATCH_MAX)
      this.socket.emit('push', [this.name, this.acked + this.sent + 1, batch])
      this.sent += batch.length
    }
  }

  private adopt(seq: number, snapshot: WireSnapshot): void {
    if (this.seq > 0) return
    this.rows = rowsOf(snapshot)
    this.rows.forEach((row, i) => this.numbers.set(row.id, i))
    this.seq = seq
    if (this.onRow) this.rows.forEach(this.onRow)
  }

  private take(firstSeq: number, runs: readonly WireRun[]): void {
    // A broadcast that overtook the answer to `hello`, which will have it again.
    if (firstSeq > this.seq + 1) return
    let at = firstSeq
    for (const [author, first, changes] of runs) {
      // What came before, from the answer to `hello`.
      const skip = Math.max(0, this.seq + 1 - at)
      at += changes.length
      if (skip >= changes.length) continue
      this.seq = at - 1
      const isOwn = author === this.name
      for (let i = skip; i < changes.length; i++) this.apply(changes[i]!, isOwn)
      if (isOwn) this.acknowledge(first + changes.length - 1)
    }
    this.send()
  }

  private apply(change: WireChange, isOwn: boolean): void {
    if (isRow(change)) {
      const [id] = change
      const row = this.created.get(id) ?? rowOf(change)
      this.created.delete(id)
      this.numbers.set(id, this.rows.push(row) - 1)
      if (!isOwn) this.onRow?.(row)
      return
    }
    const [name, field, value] = change
    const number = typeof name === 'number' ? name : this.numbers.get(name)!
    const row = this.rows[number]!
    if (isOwn || this.waiting.size > 0) {
      const key = `${row.id}:${field}`
      const count = this.waiting.get(key) ?? 0
      if (isOwn && count > 1) this.waiting.set(key, count - 1)
      else if (isOwn) this.waiting.delete(key)
      if (isOwn || count > 0) return
    }
    this.rows[number] = changed(row, field, value)
    this.onRow?.(this.rows[number])
  }

  private acknowledge(count: number): void {
    const gone = count - this.acked
    if (gone <= 0) return
    this.outbox.splice(0, gone)
    this.sent = Math.max(0, this.sent - gone)
    this.acked = count
    this.onAck?.(count)
  }
}
