/** yjs with y-websocket: a map of rows, each a map of its fields. */
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import type { TaskRow } from '../../../data.ts'
import type { Replica, ServerAddress } from '../../../net/replica.ts'

type Fields = Y.Map<unknown>

export async function openPeer({ url }: ServerAddress): Promise<Replica> {
  const doc = new Y.Doc()
  const rows = doc.getMap<Fields>('tasks')
  const provider = new WebsocketProvider(url, 'tasks', doc, { disableBc: true })
  const read = (fields: Fields): TaskRow => fields.toJSON() as TaskRow
  return {
    create: (list) =>
      doc.transact(() => {
        for (const row of list) rows.set(row.id, new Y.Map(Object.entries(row)))
      }),
    // There is no ack: the call is as good as it gets.
    edit: (id, createdAt, onAck) => {
      rows.get(id)!.set('createdAt', createdAt)
      if (onAck) queueMicrotask(onAck)
    },
    retitle: (id, title) => void rows.get(id)!.set('title', title),
    rows: () => [...rows.values()].map(read),
    watch: (listener) =>
      rows.observeDeep((events, { local }) => {
        if (local) return
        for (const { target } of events) {
          if (target !== rows) listener(read(target as Fields))
        }
      }),
    waiting: () => (provider.wsconnected || provider.shouldConnect === false ? 0 : 1),
    seq: () => undefined,
    setOnline: (online) => (online ? provider.connect() : provider.disconnect()),
    close: async () => provider.destroy(),
  }
}
