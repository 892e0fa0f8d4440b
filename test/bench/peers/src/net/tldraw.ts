/** A store of tldraw with its sync client, in Node: a few globals of a page are replaced. */
import { atom } from '@tldraw/state'
import { Store } from '@tldraw/store'
import type { TaskRow } from '../../../data.ts'
import type { Replica, ServerAddress } from '../../../net/replica.ts'
import { Task, type TaskRecord, schema } from './tldraw-schema.ts'

const FRAME_MS = 16

/** What the sync client asks a page for: events of the network and of its visibility, and frames. */
function standInForPage(): void {
  const page = globalThis as Record<string, any>
  page['window'] ??= globalThis
  page['addEventListener'] ??= () => {}
  page['removeEventListener'] ??= () => {}
  page['document'] ??= { hidden: false, addEventListener() {}, removeEventListener() {} }
  page['requestAnimationFrame'] ??= (callback: (at: number) => void) =>
    setTimeout(() => callback(performance.now()), FRAME_MS)
  page['cancelAnimationFrame'] ??= clearTimeout
}

standInForPage()
const { ClientWebSocketAdapter, TLSyncClient } = await import('@tldraw/sync-core')

function rowOf({ id, title, done, priority, ownerId, createdAt }: TaskRecord): TaskRow {
  return { id: id.slice('task:'.length), title, done, priority, ownerId, createdAt }
}

export async function openPeer({ url }: ServerAddress): Promise<Replica> {
  const store = new Store<TaskRecord, void>({ schema, props: undefined })
  const open = (): InstanceType<typeof ClientWebSocketAdapter> =>
    new ClientWebSocketAdapter(() => `${url}/?sessionId=${crypto.randomUUID()}`)
  const socket = open()
  const client = await new Promise<any>((resolve, reject) => {
    const made = new TLSyncClient({
      store,
      socket,
      presence: atom('presence', null),
      onLoad: () => resolve(made),
      onSyncError: (reason: string) => reject(new Error(reason)),
    } as any)
  })
  const acks: (() => void)[] = []
  // There is no event of an ack: the client's own list of pushes has the waiting ones.
  const isWaiting = (): boolean =>
    client.pendingPushRequests.length > 0 || Boolean(client.unsentChanges.nextDiff)
  const looking = setInterval(() => {
    if (acks.length > 0 && !isWaiting()) for (const onAck of acks.splice(0)) onAck()
  }, 1)
  return {
    create: (list) =>
      store.put(list.map(({ id, ...row }) => Task.create({ ...row, id: Task.createId(id) }))),
    edit: (id, createdAt, onAck) => {
      store.update(Task.createId(id), (record) => ({ ...record, createdAt }))
      if (onAck) acks.push(onAck)
    },
    retitle: (id, title) => store.update(Task.createId(id), (record) => ({ ...record, title })),
    rows: () => store.allRecords().map(rowOf),
    watch: (listener) =>
      void store.listen(
        ({ changes }) => {
          for (const row of Object.values(changes.added)) listener(rowOf(row))
          for (const [, row] of Object.values(changes.updated)) listener(rowOf(row))
        },
        { source: 'remote', scope: 'document' },
      ),
    waiting: () => (isWaiting() ? 1 : 0),
    seq: () => undefined,
    setOnline: (online) => {
      if (online) socket.restart()
      else socket._closeSocket()
    },
    close: async () => {
      clearInterval(looking)
      client.close()
      socket.close()
    },
  }
}
