/**
 * `pnpm bench`: runs workloads beside their floors and prints one table. A missed goal is a line
 * of the table; only a wrong result fails the run.
 */
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import {
  DEVTOOLS_NAME,
  NET_NAMES,
  NODE_NAMES,
  REVIEWER_NAME,
  type Settings,
  USAGE,
  readArgs,
} from './args.ts'
import type { Figure } from './figure.ts'
import { runInNode } from './node/run.ts'
import { tableOf } from './table.ts'

const parsed = readArgs(process.argv.slice(2))
if (parsed.kind === 'help') process.stdout.write(USAGE)
else if (parsed.kind === 'fault') {
  process.stderr.write(`bench: ${parsed.fault} (--help lists the options)\n`)
  process.exitCode = 2
} else await bench(parsed.settings)

async function bench(settings: Settings): Promise<void> {
  const figures: Figure[] = []
  const failures: string[] = []
  for (const name of settings.names) {
    const start = performance.now()
    process.stderr.write(`bench: ${name} ...`)
    try {
      figures.push(...(await run(name, settings)))
      process.stderr.write(` ${((performance.now() - start) / 1_000).toFixed(1)} s\n`)
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      failures.push(`${name}: ${text}`)
      process.stderr.write(` failed\n`)
    }
  }
  const machine = `${process.version}, ${cpus().length} cores, ${settings.rows.toLocaleString('en-US')} rows`
  process.stdout.write(`\n${machine}\n\n${tableOf(figures)}\n`)
  if (settings.json !== undefined) {
    writeFileSync(
      settings.json,
      `${JSON.stringify({ machine, figures, failures }, undefined, 2)}\n`,
    )
  }
  for (const failure of failures) process.stderr.write(`bench: ${failure}\n`)
  if (failures.length > 0) process.exitCode = 1
}

/** The browser and the network are loaded only when they are asked for. */
async function run(name: string, settings: Settings): Promise<readonly Figure[]> {
  if (NODE_NAMES.includes(name)) return runInNode(name, settings)
  if (NET_NAMES.includes(name)) {
    const { runOnNetwork } = await import('./net/run.ts')
    return runOnNetwork(name, settings)
  }
  if (name === REVIEWER_NAME) {
    const { runReviewer } = await import('./reviewer/run.ts')
    return runReviewer(settings)
  }
  if (name === DEVTOOLS_NAME) {
    const { runDevtools } = await import('./devtools/run.ts')
    return runDevtools(settings)
  }
  const { runInBrowser } = await import('./browser/run.ts')
  return runInBrowser(name, settings)
}
