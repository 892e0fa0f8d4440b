/**
 * Serves the page from its sources, with reload on change. Vite runs behind our HTTP server, because
 * its own server ends the process at SIGTERM and at the end of stdin, before the reviewer has stopped.
 */
import type { Server } from 'node:http'
import { createServer } from 'vite'
import type { Serving } from './serve.ts'

export async function serveLive(
  http: Server,
  { reviewer, root, plugins, logger }: Serving,
): Promise<() => Promise<void>> {
  const vite = await createServer({
    root,
    configFile: `${root}/vite.config.ts`,
    clearScreen: false,
    customLogger: logger,
    plugins: [...plugins],
    server: {
      middlewareMode: { server: http },
      hmr: { server: http },
      proxy: { '/socket.io': { target: reviewer.url, ws: true } },
    },
  })
  // oxlint-disable-next-line typescript/no-misused-promises -- connect handles its own errors
  http.on('request', vite.middlewares)
  return () => vite.close()
}
