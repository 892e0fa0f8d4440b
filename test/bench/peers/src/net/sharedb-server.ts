/** ShareDB with its store in memory, over a WebSocket, as its documents have it. */
import { createServer } from 'node:http'
import WebSocketJSONStream from '@teamwork/websocket-json-stream'
import ShareDB from 'sharedb'
import { WebSocketServer } from 'ws'
import { ready } from './ready.ts'

const share = new ShareDB()
const doc = share.connect().get('spaces', 'tasks')
await new Promise<void>((resolve, reject) =>
  doc.create({}, (error?: Error) => (error ? reject(error) : resolve())),
)
const server = createServer()
new WebSocketServer({ server }).on('connection', (socket) =>
  share.listen(new WebSocketJSONStream(socket)),
)
ready(server, 'ws')
