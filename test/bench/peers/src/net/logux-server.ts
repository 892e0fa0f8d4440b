/** A Logux server with its log in memory, which keeps the rows, and sends every change to the channel. */
import { Server } from '@logux/server'
import type { TaskRow } from '../../../data.ts'
import type { Change, Create } from './logux.ts'

const port = Number(process.argv[2] ?? 0)
const rows = new Map<string, TaskRow>()
const quiet = { debug() {}, error: console.error, fatal: console.error, info() {}, warn() {} }
const server = new Server({
  subprotocol: 1,
  minSubprotocol: 1,
  host: '127.0.0.1',
  port,
  root: import.meta.dirname,
  logger: quiet as never,
})
server.auth(() => true)
server.channel('tasks', {
  access: () => true,
  load: () => [{ type: 'tasks/create', rows: [...rows.values()] }],
})
server.type<Create>('tasks/create', {
  access: () => true,
  resend: () => ({ channel: 'tasks' }),
  process: (_, action) => action.rows.forEach((row) => rows.set(row.id, row)),
})
server.type<Change>('tasks/change', {
  access: () => true,
  resend: () => ({ channel: 'tasks' }),
  process: (_, { id, fields }) => void rows.set(id, { ...rows.get(id)!, ...fields }),
})
await server.listen()
process.stdout.write(`peer ready ws://127.0.0.1:${port}\n`)
