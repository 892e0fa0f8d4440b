/** An HTTP server on loopback, and a reviewer that only hands on what happens to its links. */
import { createServer } from 'node:http'
import type { Server as HttpServer } from 'node:http'
import type { AddressInfo, Socket as NetSocket } from 'node:net'
import type { GatewayReviewer } from '@countersign/reviewer'
import type { Accept } from './transport.ts'

/** A reviewer that only hands on what happens to its links. */
export function relay(accept: Accept): GatewayReviewer {
  return {
    connect: (link) => accept(link),
    state: {
      epoch: 1,
      seq: 0,
      connections: 0,
      healthy: true,
      pendingCommit: 0,
      accepted: 0,
      rejected: 0,
      nacked: 0,
    },
    close: async () => {},
  }
}

export interface Loopback {
  readonly http: HttpServer
  readonly sockets: ReadonlySet<NetSocket>
  url(): string
}

/** A server that knows its sockets, on a free port. */
export async function listening(): Promise<Loopback> {
  const http = createServer()
  const sockets = new Set<NetSocket>()
  http.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((done) => http.listen(0, '127.0.0.1', done))
  const { port } = http.address() as AddressInfo
  return { http, sockets, url: () => `http://127.0.0.1:${port}` }
}

/** Closes the server, and breaks the connections to it. */
export async function closeAll({ http, sockets }: Loopback): Promise<void> {
  const closed = new Promise((done) => http.close(done))
  for (const socket of sockets) socket.destroy()
  await closed
}
