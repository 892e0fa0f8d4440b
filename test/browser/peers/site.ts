/** A page of `main.ts`, by default the one beside this, built in memory and served to contexts of a browser without a server. */
import { fileURLToPath } from 'node:url'
import type { BrowserContext } from '@playwright/test'
import { build } from 'vite'

/** Names under `localhost` are a secure context, also without TLS. */
const SITE = 'http://peers.localhost/'
const TYPES: Readonly<Record<string, string>> = { html: 'text/html', js: 'text/javascript' }

export type Files = ReadonlyMap<string, string | Uint8Array>

export async function builtPage(folder: URL = new URL('.', import.meta.url)): Promise<Files> {
  const built = await build({
    root: fileURLToPath(folder),
    configFile: false,
    logLevel: 'error',
    resolve: { conditions: ['@countersign/source', 'module', 'browser', 'production'] },
    build: { write: false, minify: false, target: 'es2024', chunkSizeWarningLimit: 10_000 },
  })
  if (!('output' in built)) throw new Error('the build of the page made no files')
  return new Map(
    built.output.map((file) => [file.fileName, file.type === 'chunk' ? file.code : file.source]),
  )
}

/** Opens the page in a tab of that context. It is ready once it has set that global. */
export async function openTab(context: BrowserContext, files: Files, global = 'peerPage') {
  const page = await context.newPage()
  await page.route(`${SITE}**`, (route) => {
    const name = new URL(route.request().url()).pathname.slice(1) || 'index.html'
    const file = files.get(name)
    if (file === undefined) return route.fulfill({ status: 404 })
    const contentType = TYPES[name.split('.').at(-1) ?? ''] ?? 'text/plain'
    return route.fulfill({ body: Buffer.from(file), contentType })
  })
  await page.goto(SITE)
  await page.waitForFunction((name) => name in window, global)
  return page
}
