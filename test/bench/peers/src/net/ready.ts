/** Shared by the servers of the peers: a port from the command line, and the ready line. */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export function ready(server: Server, scheme: 'http' | 'ws'): void {
  server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo
    process.stdout.write(`peer ready ${scheme}://127.0.0.1:${port}\n`)
  })
}
