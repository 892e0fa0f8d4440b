/**
 * `pnpm bench`: runs workloads beside their floors and prints one table. A missed goal is a line
 * of the table; only a wrong result fails the run, and with `--short` a collapse.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import {
  DEVTOOLS_NAME,
  GROWTH_NAME,
  NET_NAMES,
  NODE_NAMES,
  REVIEWER_NAME,
  SCOPES_NAME,
  type Settings,
  USAGE,
  readArgs,
} from './args.ts'
import type { Figure } from './figure.ts'
import type { Growth } from './growth/order.ts'
import { runInNode } from './node/run.ts'
import {
  type Machine,
  NOTHING_RECORDED,
  type Recorded,
  type Run,
  collapsed,
  markdownOf,
  readmeWith,
  shortRatios,
  withRun,
} from './report.ts'

const RECORDED = new URL('recorded.json', import.meta.url)
const README = new URL('README.md', import.meta.url)

const parsed = readArgs(process.argv.slice(2))
if (parsed.kind === 'help') process.stdout.write(USAGE)
else if (parsed.kind === 'fault') {
  process.stderr.write(`bench: ${parsed.fault} (--help lists the options)\n`)
  process.exitCode = 2
} else await bench(parsed.settings)

async function bench(settings: Settings): Promise<void> {
  const machine = machineOf(settings)
  if (settings.peers) (await import('./peers/install.ts')).installPeers()
  const figures: Figure[] = []
  const growth: Growth[] = []
  const failures: string[] = []
  for (const name of settings.names) {
    const start = performance.now()
    process.stderr.write(`bench: ${name} ...`)
    try {
      if (name === GROWTH_NAME) {
        const { runGrowth } = await import('./growth/run.ts')
        growth.push(...(await runGrowth(settings)))
      } else figures.push(...(await run(name, settings)))
      process.stderr.write(` ${((performance.now() - start) / 1_000).toFixed(1)} s\n`)
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      failures.push(`${name}: ${text}`)
      process.stderr.write(` failed\n`)
    }
  }
  finish(settings, { machine, figures, growth, failures })
}

function machineOf({ rows }: Settings): Machine {
  const [load = 0] = loadavg()
  return {
    node: process.version,
    cores: cpus().length,
    load: Math.round(load * 10) / 10,
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    rows,
  }
}

function finish(settings: Settings, run: Run): void {
  const { short, record, json, markdown } = settings
  process.stdout.write(`\n${markdownOf(run)}\n`)
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(run, undefined, 2)}\n`)
  if (markdown !== undefined) writeFileSync(markdown, `${markdownOf(run)}\n`)
  const known = recorded()
  if (record) keep(short ? { ...known, short: shortRatios(run.figures) } : withRun(known, run))
  const collapses = short && !record ? collapsed(run.figures, known.short) : []
  const faults = [...run.failures, ...collapses]
  for (const fault of faults) process.stderr.write(`bench: ${fault}\n`)
  if (faults.length > 0) process.exitCode = 1
}

function recorded(): Recorded {
  if (!existsSync(RECORDED)) return NOTHING_RECORDED
  return JSON.parse(readFileSync(RECORDED, 'utf8')) as Recorded
}

/** The README is written too, so that it never differs from the figures it shows. */
function keep(next: Recorded): void {
  writeFileSync(RECORDED, `${JSON.stringify(next, undefined, 1)}\n`)
  writeFileSync(README, readmeWith(readFileSync(README, 'utf8'), next))
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
  if (name === SCOPES_NAME) {
    const { runScopes } = await import('./scopes/run.ts')
    return runScopes(settings)
  }
  if (name === DEVTOOLS_NAME) {
    const { runDevtools } = await import('./devtools/run.ts')
    return runDevtools(settings)
  }
  const { runInBrowser } = await import('./browser/run.ts')
  return runInBrowser(name, settings)
}
