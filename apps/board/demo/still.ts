/**
 * Builds the page once, in memory, with React's development checks, and serves it. WebSockets are
 * proxied byte for byte.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { extname } from 'node:path'
import type { Duplex } from 'node:stream'
import { build } from 'vite'
import type { Serving } from './serve.ts'

export type Files = ReadonlyMap<string, string | Uint8Array>

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

export async function serveStill(
  http: Server,
  { reviewer, root, plugins, logger }: Serving,
): Promise<() => Promise<void>> {
  serveFiles(http, await filesOf({ root, plugins, logger }))
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const there = connect(reviewer.port, '127.0.0.1', () => {
      there.write(`${request.method} ${request.url} HTTP/${request.httpVersion}\r\n`)
      const { rawHeaders } = request
      for (let at = 0; at < rawHeaders.length; at += 2) {
        there.write(`${rawHeaders[at]}: ${rawHeaders[at + 1]}\r\n`)
      }
      there.write('\r\n')
      there.write(head)
      there.pipe(socket).pipe(there)
    })
    there.on('error', () => socket.destroy())
    socket.on('error', () => there.destroy())
    socket.on('close', () => there.destroy())
  })
  return async () => {}
}

/** Serves the files. The path is untrusted: it is compared with the file names, and never resolved. */
export function serveFiles(http: Server, files: Files): void {
  http.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const path = (request.url ?? '/').split(/[?#]/, 1)[0]!
    const name = path === '/' ? 'index.html' : path.slice(1)
    const file = files.get(name)
    if (file === undefined) return void response.writeHead(404).end()
    response.writeHead(200, { 'content-type': types[extname(name)] ?? 'text/plain' }).end(file)
  })
}

async function filesOf({
  root,
  plugins,
  logger,
}: Pick<Serving, 'root' | 'plugins' | 'logger'>): Promise<Files> {
  // Makes a development build, which still has React's warnings.
  process.env['NODE_ENV'] = 'development'
  const built = await build({
    root,
    configFile: `${root}/vite.config.ts`,
    mode: 'development',
    logLevel: 'error',
    customLogger: logger,
    plugins: [...plugins],
    build: { write: false, minify: false, modulePreload: false, chunkSizeWarningLimit: 10_000 },
  })
  if (!('output' in built)) throw new Error('the build of the page has no output')
  const files = built.output.map(
    (file) => [file.fileName, file.type === 'chunk' ? file.code : file.source] as const,
  )
  return new Map(files)
}
