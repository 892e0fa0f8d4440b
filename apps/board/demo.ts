/**
 * `pnpm demo`: starts a reviewer, serves the board, and creates some issues.
 *
 *   browser ── http ──▶ vite ──▶ src/
 *      ├── /login ────▶ issuer
 *      ├── /reviewer ─▶ kills the reviewer, or starts it
 *      └── /socket.io ──▶ vite (proxy) ──▶ reviewer process ──▶ data folder
 *
 * Stops both at SIGINT or SIGTERM. Commands on stdin control the reviewer: `stop`, `kill`, `start`.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { readSettings, usage } from './demo/arguments.ts'
import { Issuer } from './demo/issuer.ts'
import { DemoReviewer } from './demo/reviewer.ts'
import { seed } from './demo/seed.ts'
import { startSite } from './demo/site.ts'

const settings = readSettings(process.argv.slice(2), process.env)
if (settings === undefined) {
  console.log(usage)
  process.exit(0)
}
if (typeof settings === 'string') {
  console.error(`demo: ${settings}\n\n${usage}`)
  process.exit(1)
}

const data = settings.data ?? mkdtempSync(join(tmpdir(), 'countersign-demo-'))
if (settings.data === undefined) {
  process.on('exit', () => rmSync(data, { recursive: true, force: true }))
}

const issuer = new Issuer()
const reviewer = new DemoReviewer(data, issuer.publicKey)
const ended = signals()
try {
  const address = await reviewer.start()
  if (settings.seed) await seed(address)
  const site = await startSite(address, { ...settings, serving: [issuer, reviewer] })
  console.log(`demo ${site.url}`)
  console.log('  Open it in two browsers, or press "Second person"; switch one of them offline.')
  console.log('  "Open last year’s app" is an older build of it, on the same issues.')
  console.log(
    '  Type "kill" to kill the reviewer, "start" to start it again. Ctrl+C stops the demo.',
  )
  listen()
  await ended
  await Promise.all([site.close(), reviewer.stop()])
  process.exit(0)
} catch (error) {
  console.error(`demo: ${error instanceof Error ? error.message : String(error)}`)
  await reviewer.stop()
  process.exit(1)
}

/** Resolves at the first signal; pnpm and the terminal may both send one. */
function signals(): Promise<void> {
  return new Promise((resolve) => {
    process.on('SIGINT', () => resolve())
    process.on('SIGTERM', () => resolve())
  })
}

function listen(): void {
  createInterface({ input: process.stdin }).on('line', (line) => {
    const word = line.trim()
    reviewer.told(word)?.then(
      () => console.log(`reviewer: ${word} done`),
      (error: unknown) => console.error(`reviewer: ${String(error)}`),
    )
  })
}
