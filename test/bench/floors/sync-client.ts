/**
 * Floor of the network workloads, the client: a Map of rows, an outbox that goes out in batches,
 * and resumption by seq. Written for one writer: there is no merge.
 */
import { type Socket, io } from 'socket.io-client'
import type { TaskRow } from '../data.ts'
import type { ClientEvents, ServerEvents, WireChange } from './sync-wire.ts'

const BATCH_MAX = 500
const IN_FLIGHT_MAX = 2_000

export class SyncClient {
  readonly rows: Map<string, TaskRow> = new Map()
  /** Changes without an ack, by id. */
  readonly outbox: Map<string, WireChange> = new Map()
  onRow: ((row: TaskRow) => void) | undefined
  onAck: ((id: string) => void) | undefined
  private readonly socket: Socket<ServerEvents, ClientEvents>
  private readonly name = crypto.randomUUID().slice(0, 8)
  private count = 0
  seq = 0
  private unsent: WireChange[] = []
  private inFlight = 0
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
      this.unsent = [...this.outbox.values()]
      this.inFlight = 0
      this.send()
    })
    this.socket.on('commit', (firstSeq, changes) => this.take(firstSeq, changes))
  }

  create(row: TaskRow): string {
    this.rows.set(row.id, row)
    return this.put(row.id, '', row)
  }

  update(id: string, field: keyof TaskRow, value: unknown): string {
    this.rows.set(id, { ...this.rows.get(id)!, [field]: value })
    return this.put(id, field, value)
  }

  setOnline(online: boolean): void {
    if (online) this.socket.connect()
    else this.socket.disconnect()
  }

  close(): void {
    this.socket.disconnect()
  }

  private put(row: string, field: WireChange[2], value: unknown): string {
    const change: WireChange = [`${this.name}:${++this.count}`, row, field, value]
    this.outbox.set(change[0], change)
    this.unsent.push(change)
    if (!this.scheduled) {
      this.scheduled = true
      queueMicrotask(() => {
        this.scheduled = false
        this.send()
      })
    }
    return change[0]
  }

  private send(): void {
    if (!this.socket.connected) return
    while (this.unsent.length > 0 && this.inFlight < IN_FLIGHT_MAX) {
      const batch = this.unsent.splice(0, BATCH_MAX)
      this.inFlight += batch.length
      this.socket.emit('push', batch)
    }
  }

  private take(firstSeq: number, changes: readonly WireChange[]): void {
    // A broadcast that overtook the answer to `hello`, which will have it again.
    if (firstSeq > this.seq + 1) return
    for (const [i, [id, row, field, value]] of changes.entries()) {
      if (firstSeq + i <= this.seq) continue
      this.seq = firstSeq + i
      if (this.outbox.delete(id)) {
        this.inFlight--
        this.onAck?.(id)
        continue
      }
      const next = field === '' ? (value as TaskRow) : { ...this.rows.get(row)!, [field]: value }
      this.rows.set(row, next)
      this.onRow?.(next)
    }
    this.send()
  }
}
