/**
 * Builds the page for production, serves it on this machine, and starts a Chromium that may
 * collect its heap on demand. The headers isolate the page, which gives it a fine clock.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join, normalize } from 'node:path'
import { type Browser, type BrowserContext, type Page, chromium } from 'playwright'
import { build } from 'vite'
import { ensureBrowser } from '../../scripts/browser.ts'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
}

export interface Site {
  /** A page of a profile of its own, with the workloads loaded. */
  open(): Promise<Page>
  /** A page of the same profile: another tab. */
  openBeside(page: Page): Promise<Page>
  readonly browserVersion: string
}

/** `peers`: the page of `test/bench/peers`, which has the peers beside. */
export async function withSite<T>(
  work: (site: Site) => Promise<T>,
  { peers }: { readonly peers: boolean } = { peers: false },
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
  const server = createServer((request, response) => {
    const path = normalize(request.url === '/' ? '/index.html' : request.url!)
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp')
    try {
      const body = readFileSync(join(folder, path))
      response.setHeader('Content-Type', TYPES[extname(path)] ?? 'application/octet-stream')
      response.end(body)
    } catch {
      response.writeHead(404).end()
    }
  })
  let browser: Browser | undefined
  try {
    await buildPage(folder, peers)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    browser = await chromium.launch({ ...ensureBrowser(), args: ['--js-flags=--expose-gc'] })
    const started = browser
    return await work({
      browserVersion: browser.version(),
      open: async () => openPage(await started.newContext(), `http://127.0.0.1:${port}/`),
      openBeside: (page) => openPage(page.context(), `http://127.0.0.1:${port}/`),
    })
  } finally {
    await browser?.close()
    server.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function buildPage(outDir: string, peers: boolean): Promise<void> {
  await build({
    configFile: false,
    root: new URL(peers ? '../peers/src/page/' : 'page/', import.meta.url).pathname,
    logLevel: 'error',
    resolve: {
      conditions: ['@countersign/source', 'module', 'browser', 'production'],
      dedupe: ['react', 'react-dom'],
    },
    build: { outDir, emptyOutDir: true, target: 'es2024', chunkSizeWarningLimit: 2_000 },
  })
}

async function openPage(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage()
  page.on('pageerror', (error) => process.stderr.write(`\nbench: page: ${error.message}\n`))
  await page.goto(url)
  await loaded(page)
  return page
}

export async function loaded(page: Page): Promise<void> {
  await page.waitForFunction(() => window.bench !== undefined)
}
