/**
 * Serves the page of the demo, with a proxy to the reviewer at the same address. Two ways: `live`
 * serves the sources (vite's development server), `still` builds the page once, which loads faster and
 * never reloads.
 */
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { type LogLevel, type LogOptions, type Logger, type Plugin, createLogger } from 'vite'
import { serveLive } from './live.ts'
import type { ReviewerAddress } from './reviewer.ts'
import { serveStill } from './still.ts'

export interface Site {
  readonly url: string
  close(): Promise<void>
}

/** Starts the site, on another port where the given one is in use. */
export async function startSite(
  reviewer: ReviewerAddress,
  {
    port,
    still,
    serving,
  }: {
    readonly port: number
    readonly still: boolean
    /** What else answers requests at the same address. */
    readonly serving: readonly { serve(http: Server): void }[]
  },
): Promise<Site> {
  const http = createServer()
  const serve = still ? serveStill : serveLive
  const end = await serve(http, {
    reviewer,
    root: fileURLToPath(new URL('..', import.meta.url)),
    plugins: [addressInPage(reviewer)],
    logger: quietLogger(still ? 'error' : 'warn'),
  })
  for (const one of serving) one.serve(http)
  const at = await listen(http, port).catch(() => listen(http, 0))
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => http.close(resolve))
    await end()
    http.closeAllConnections()
    await closed
  }
  return { url: `http://127.0.0.1:${at}/`, close }
}

function listen(http: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    http.once('error', reject)
    http.listen(port, '127.0.0.1', () => {
      http.off('error', reject)
      resolve((http.address() as AddressInfo).port)
    })
  })
}

/** Adds the meta tags that src/session/config.ts reads. */
function addressInPage({ space, key }: ReviewerAddress): Plugin {
  const meta = (name: string, content: string) => ({
    tag: 'meta',
    attrs: { name, content },
    injectTo: 'head' as const,
  })
  return {
    name: 'countersign-address',
    transformIndexHtml: () => [
      meta('countersign-space', space),
      meta('countersign-reviewer-key', key),
    ],
  }
}

/** Hides proxy errors while the reviewer is down, which the demo does on purpose. */
function quietLogger(level: LogLevel): Logger {
  const logger = createLogger(level)
  const error = logger.error.bind(logger)
  logger.error = (text: string, options?: LogOptions) => {
    if (!/proxy (socket )?error/.test(text)) error(text, options)
  }
  return logger
}
