/**
 * A replica as the network workloads see it, of ours or of the floor: rows, edits of one
 * field, and what arrives. The workloads know only this.
 */
import { memoryStorage, createSyncStore } from '@countersign/core'
import { socketIo } from '@countersign/transport-socketio'
import { Plain, type TaskRow, inputOf } from '../data.ts'
import { SyncClient } from '../floors/sync-client.ts'

export type Kind = 'floor' | 'ours'

export interface ServerAddress {
  readonly url: string
  readonly space: string
}

export interface Replica {
  create(rows: readonly TaskRow[]): void
  /** `onAck` hears of the durable ack of this very change. */
  edit(id: string, createdAt: number, onAck?: () => void): void
  rows(): readonly TaskRow[]
  /** Hears of every row that arrives or changes. */
  watch(listener: (row: TaskRow) => void): void
  /** Changes without an ack. */
  waiting(): number
  /** Messages in the canonical order as far as it is known here. */
  seq(): number
  setOnline(online: boolean): void
  close(): Promise<void>
}

export async function openReplica(kind: Kind, address: ServerAddress): Promise<Replica> {
  return kind === 'floor' ? floorReplica(address) : ourReplica(address)
}

function floorReplica({ url }: ServerAddress): Replica {
  const client = new SyncClient(url)
  const acks = new Map<string, () => void>()
  client.onAck = (id) => {
    acks.get(id)?.()
    acks.delete(id)
  }
  return {
    create: (rows) => rows.forEach((row) => client.create(row)),
    edit: (id, createdAt, onAck) => {
      const change = client.update(id, 'createdAt', createdAt)
      if (onAck) acks.set(change, onAck)
    },
    rows: () => [...client.rows.values()],
    watch: (listener) => {
      client.onRow = listener
    },
    waiting: () => client.outbox.size,
    seq: () => client.seq,
    setOnline: (online) => client.setOnline(online),
    close: async () => client.close(),
  }
}

async function ourReplica({ url, space }: ServerAddress): Promise<Replica> {
  const store = createSyncStore({
    server: true,
    space,
    entities: [Plain],
    storage: memoryStorage(),
    transports: [socketIo(url)],
    onError: (error) => {
      throw error
    },
  })
  await store.ready
  const rows = (): readonly TaskRow[] => store.query(Plain).rows
  return {
    create: (list) => list.forEach((row) => store.create(Plain, inputOf(row), { id: row.id })),
    edit: (id, createdAt, onAck) => {
      const receipt = store.update(Plain, id, { createdAt })
      if (onAck) void receipt.settled().then(onAck)
    },
    rows,
    watch: (listener) => {
      for (const { id } of rows()) {
        store.subscribe(Plain, id, () => listener(store.read(Plain, id)!))
      }
    },
    waiting: () => store.status.getState().outboxMessages,
    seq: () => store.status.getState().position?.seq ?? 0,
    setOnline: (online) => store.setOnline(online),
    close: () => store.close(),
  }
}
