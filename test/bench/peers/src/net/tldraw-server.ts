/** A room of tldraw sync with its records in SQLite, as its documents recommend for one server. */
import { createServer } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { NodeSqliteWrapper, SQLiteSyncStorage, TLSocketRoom } from '@tldraw/sync-core'
import { WebSocketServer } from 'ws'
import { ready } from './ready.ts'
import { type TaskRecord, schema } from './tldraw-schema.ts'

const database = new DatabaseSync(join(process.argv[3] ?? '.', 'room.sqlite'))
database.exec('pragma journal_mode = wal; pragma synchronous = full')
const sql = new NodeSqliteWrapper(database)
const snapshot = {
  documents: [],
  clock: 0,
  documentClock: 0,
  tombstones: {},
  schema: schema.serialize(),
}
const storage = new SQLiteSyncStorage<TaskRecord>({ sql, snapshot })
const room = new TLSocketRoom<TaskRecord, void>({ schema, storage })
const server = createServer()
new WebSocketServer({ server }).on('connection', (socket, request) => {
  const sessionId = new URL(request.url!, 'http://x').searchParams.get('sessionId')!
  room.handleSocketConnect({ sessionId, socket })
})
ready(server, 'ws')
