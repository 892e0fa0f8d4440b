/**
 * A replica as the network workloads see it, of ours, of the floor or of a peer: rows, edits of one
 * field, and what arrives. The workloads know only this.
 */
import { memoryStorage, createSyncStore } from '@countersign/core'
import { socketIo } from '@countersign/transport-socketio'
import { Plain, type TaskRow, inputOf } from '../data.ts'
import { SyncClient } from '../floors/sync-client.ts'

/** Peers of the network workloads: a module and a server each, in `../peers/src/net/`. */
export const NET_PEERS = ['sharedb', 'tldraw', 'yjs', 'logux'] as const

export type Kind = 'floor' | 'ours' | (typeof NET_PEERS)[number]

/** y-websocket acknowledges nothing: what it calls an ack means only that the call returned. */
export function hasAcks(kind: Kind): boolean {
  return kind !== 'yjs'
}

export interface ServerAddress {
  readonly url: string
  readonly space: string
}

export interface Replica {
  create(rows: readonly TaskRow[]): void
  /** `onAck` is called at the durable ack of this very change; a peer without acks never calls it. */
  edit(id: string, createdAt: number, onAck?: () => void): void
  retitle(id: string, title: string): void
  rows(): readonly TaskRow[]
  /** Called for every row that arrives or changes. */
  watch(listener: (row: TaskRow) => void): void
  /** Changes without an ack. */
  waiting(): number
  /** Messages in the canonical order as far as it is known here; undefined where there is none. */
  seq(): number | undefined
  setOnline(online: boolean): void
  close(): Promise<void>
}

export async function openReplica(kind: Kind, address: ServerAddress): Promise<Replica> {
  if (kind === 'floor') return floorReplica(address)
  if (kind === 'ours') return ourReplica(address)
  // Installed apart from the workspace, hence not imported by name.
  const peer = (await import(`../peers/src/net/${kind}.ts`)) as {
    openPeer(address: ServerAddress): Promise<Replica>
  }
  return peer.openPeer(address)
}

function floorReplica({ url }: ServerAddress): Replica {
  const client = new SyncClient(url)
  const acks: { readonly count: number; readonly onAck: () => void }[] = []
  client.onAck = (count) => {
    let done = 0
    while (done < acks.length && acks[done]!.count <= count) acks[done++]!.onAck()
    acks.splice(0, done)
  }
  return {
    create: (rows) => rows.forEach((row) => client.create(row)),
    edit: (id, createdAt, onAck) => {
      const count = client.update(id, 'createdAt', createdAt)
      if (onAck) acks.push({ count, onAck })
    },
    retitle: (id, title) => void client.update(id, 'title', title),
    rows: () => client.all(),
    watch: (listener) => {
      client.onRow = listener
    },
    waiting: () => client.outbox.length,
    seq: () => client.seq,
    setOnline: (online) => client.setOnline(online),
    close: async () => client.close(),
  }
}

/** The last write in the canonical order wins, as on the other sides, so that all come to show the same. */
const Shared = Plain.conflicts({ createdAt: 'last', title: 'last' })

async function ourReplica({ url, space }: ServerAddress): Promise<Replica> {
  const store = createSyncStore({
    server: true,
    space,
    entities: [Shared],
    storage: memoryStorage(),
    transports: [socketIo(url)],
    onError: (error) => {
      throw error
    },
  })
  await store.ready
  const rows = (): readonly TaskRow[] => store.query(Shared).rows
  return {
    create: (list) => list.forEach((row) => store.create(Shared, inputOf(row), { id: row.id })),
    edit: (id, createdAt, onAck) => {
      const receipt = store.update(Shared, id, { createdAt })
      if (onAck) void receipt.settled().then(onAck)
    },
    retitle: (id, title) => void store.update(Shared, id, { title }),
    rows,
    watch: (listener) => {
      for (const { id } of rows()) {
        store.subscribe(Shared, id, () => listener(store.read(Shared, id)!))
      }
    },
    waiting: () => store.status.getState().outboxMessages,
    seq: () => store.status.getState().position?.seq ?? 0,
    setOnline: (online) => store.setOnline(online),
    close: () => store.close(),
  }
}
