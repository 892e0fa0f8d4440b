/** The server that y-websocket 2 brings (the later one of its own needs a yjs that is not released), with one room in memory: no acks, no order. */
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { setupWSConnection } from 'y-websocket/bin/utils'
import { ready } from './ready.ts'

const server = createServer()
new WebSocketServer({ server }).on('connection', setupWSConnection)
ready(server, 'ws')
