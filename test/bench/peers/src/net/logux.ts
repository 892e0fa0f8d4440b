/** A Logux client with its log in memory: actions that create and change rows, in the order of their ids. */
import { Client } from '@logux/client'
import type { TaskRow } from '../../../data.ts'
import type { Replica, ServerAddress } from '../../../net/replica.ts'

export interface Create {
  readonly type: 'tasks/create'
  readonly rows: readonly TaskRow[]
}

export interface Change {
  readonly type: 'tasks/change'
  readonly id: string
  readonly fields: Partial<TaskRow>
}

let clients = 0

export async function openPeer({ url }: ServerAddress): Promise<Replica> {
  const client = new Client({
    server: url,
    subprotocol: 1,
    userId: `${process.pid}-${++clients}`,
    token: '',
    allowDangerousProtocol: true,
  } as never)
  const rows = new Map<string, TaskRow>()
  let listener: (row: TaskRow) => void = () => {}
  client.type<Create>('tasks/create', (action) => {
    for (const row of action.rows) {
      rows.set(row.id, row)
      listener(row)
    }
  })
  client.type<Change>('tasks/change', ({ id, fields }, meta) => {
    const before = rows.get(id)
    if (!before) return
    rows.set(id, { ...before, ...fields })
    if (!meta.id.includes(client.nodeId)) listener(rows.get(id)!)
  })
  client.start()
  await client.sync({ type: 'logux/subscribe', channel: 'tasks' } as never)
  let waiting = 0
  const send = (action: Create | Change, onAck?: () => void): void => {
    waiting++
    void client.sync(action as never).then(() => {
      waiting--
      onAck?.()
    })
  }
  return {
    create: (list) => send({ type: 'tasks/create', rows: list }),
    edit: (id, createdAt, onAck) =>
      send({ type: 'tasks/change', id, fields: { createdAt } }, onAck),
    retitle: (id, title) => send({ type: 'tasks/change', id, fields: { title } }),
    rows: () => [...rows.values()],
    watch: (told) => {
      listener = told
    },
    waiting: () => waiting,
    seq: () => undefined,
    setOnline: (online) => {
      if (online) void client.node.connection.connect()
      else client.node.connection.disconnect('freeze')
    },
    close: async () => client.destroy(),
  }
}
