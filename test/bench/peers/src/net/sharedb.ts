/** ShareDB with json0: one document that holds the rows, changed by operations on their fields. */
import { Connection } from 'sharedb/lib/client/index.js'
import { WebSocket } from 'ws'
import type { TaskRow } from '../../../data.ts'
import type { Replica, ServerAddress } from '../../../net/replica.ts'

interface Part {
  readonly p: readonly [id: string, field?: string]
}

export async function openPeer({ url }: ServerAddress): Promise<Replica> {
  let socket = new WebSocket(url)
  const connection = new Connection(socket)
  const doc = connection.get('spaces', 'tasks')
  await new Promise<void>((resolve, reject) =>
    doc.subscribe((error?: Error) => (error ? reject(error) : resolve())),
  )
  const rows = doc.data as Record<string, TaskRow>
  let waiting = 0
  const submit = (operations: readonly object[], onAck?: () => void): void => {
    waiting++
    doc.submitOp(operations, (error?: Error) => {
      if (error) throw error
      waiting--
      onAck?.()
    })
  }
  const set = (id: string, field: keyof TaskRow, value: unknown, onAck?: () => void): void =>
    submit([{ p: [id, field], od: (doc.data as typeof rows)[id]![field], oi: value }], onAck)
  return {
    create: (list) => submit(list.map((row) => ({ p: [row.id], oi: row }))),
    edit: (id, createdAt, onAck) => set(id, 'createdAt', createdAt, onAck),
    retitle: (id, title) => set(id, 'title', title),
    rows: () => Object.values(doc.data as typeof rows),
    watch: (listener) =>
      void doc.on('op', (operations: readonly Part[], source: unknown) => {
        if (source) return
        for (const { p } of operations) listener((doc.data as typeof rows)[p[0]]!)
      }),
    waiting: () => waiting,
    seq: () => undefined,
    setOnline: (online) => {
      if (!online) return socket.close()
      socket = new WebSocket(url)
      connection.bindToSocket(socket)
    },
    close: async () => connection.close(),
  }
}
