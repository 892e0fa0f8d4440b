/**
 * `pnpm long-run [--minutes NUMBER] [--record]`: the real reviewer and ten clients for an hour, each
 * in real processes: edits, transactions, new rows and archived ones, conflicts and their decisions,
 * times offline, newcomers. Prints a line for each minute, and at last whether all clients hold the
 * same rows; with `--record` the table goes into the README of the bench.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { must } from '../figure.ts'
import { freePort, residentOf, sizeOf, withPlace } from '../net/processes.ts'
import type { Order, Span } from './clients.ts'

const PROCESSES = 2
const STORES_EACH = 5
/** Lines of the table that is recorded. */
const LINES = 12
const START = '<!-- the long run: `npx pnpm long-run --record` writes it -->'
const END = '<!-- end of the long run -->'

interface Line {
  readonly minute: number
  readonly accepted: number
  readonly refused: number
  readonly p50: number
  readonly p99: number
  readonly reviewerMB: number
  readonly clientsMB: number
  readonly heapMB: number
  readonly diskMB: number
  readonly rows: number
  readonly seq: number
}

class Clients {
  readonly #child: ChildProcess

  constructor(args: readonly (string | number)[]) {
    this.#child = fork(new URL('clients.ts', import.meta.url), args.map(String), {
      execArgv: ['--conditions=@countersign/source', '--expose-gc'],
    })
  }

  get residentMB(): number {
    return residentOf(this.#child.pid!)
  }

  span(): Promise<Span> {
    return this.#ask('span')
  }

  /** Digests of the rows of each store, when all is acknowledged. */
  end(): Promise<readonly string[]> {
    return this.#ask('end')
  }

  #ask<T>(order: Order): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (code: number | null): void =>
        reject(new Error(`clients ended with code ${code}`))
      this.#child.once('exit', fail)
      this.#child.once('message', (message) => {
        this.#child.off('exit', fail)
        resolve(message as T)
      })
      this.#child.send(order)
    })
  }
}

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    record: { type: 'boolean', default: false },
  },
})
const minutes = Number(values.minutes)
if (!(minutes >= 1)) {
  console.error('usage: pnpm long-run [--minutes NUMBER] [--record]')
  process.exit(2)
}

const startedAt = new Date()
const loads: number[] = []
const lines = await withPlace(async (place) => {
  const data = place.folder()
  const server = await place.server('ours', { port: await freePort(), data })
  const { url, space } = server.address
  const groups = Array.from(
    { length: PROCESSES },
    (_, no) => new Clients([url, space, STORES_EACH, no + 1]),
  )
  const found: Line[] = []
  for (let minute = 1; minute <= minutes; minute++) {
    await new Promise((resolve) => setTimeout(resolve, 60_000))
    const spans = await Promise.all(groups.map((group) => group.span()))
    const residents = groups.map((group) => group.residentMB)
    const line = lineOf(minute, spans, {
      reviewerMB: residentOf(server.pid),
      clientsMB: Math.max(...residents),
      diskMB: sizeOf(data) / 1e6,
    })
    loads.push(loadavg()[0]!) // it has three
    found.push(line)
    console.log(JSON.stringify(line))
  }
  const digests = (await Promise.all(groups.map((group) => group.end()))).flat()
  must(new Set(digests).size === 1, `clients hold different rows: ${digests.join(' ')}`)
  console.log(`long-run: ${digests.length} clients hold the same rows`)
  return found
})
if (values.record) {
  const readme = new URL('../README.md', import.meta.url)
  const text = readFileSync(readme, 'utf8')
  const [start, end] = [text.indexOf(START), text.indexOf(END)]
  must(start >= 0 && end > start, 'the README has no place for the long run')
  const table = `${text.slice(0, start)}${START}\n\n${tableOf(lines)}\n\n${text.slice(end)}`
  writeFileSync(readme, table)
}

function lineOf(
  minute: number,
  spans: readonly Span[],
  sizes: Pick<Line, 'reviewerMB' | 'clientsMB' | 'diskMB'>,
): Line {
  const times = spans.flatMap(({ ackMs }) => ackMs).sort((one, other) => one - other)
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? Number.NaN
  const sum = (of: (span: Span) => number): number =>
    spans.reduce((total, span) => total + of(span), 0)
  return {
    minute,
    accepted: sum(({ accepted }) => accepted),
    refused: sum(({ refused }) => refused),
    ...{ p50: at(0.5), p99: at(0.99) },
    ...sizes,
    heapMB: Math.max(...spans.map(({ heap }) => heap)) / 1e6,
    rows: spans[0]!.rows, // there are two processes
    seq: Math.max(...spans.map(({ seq }) => seq)),
  }
}

function tableOf(all: readonly Line[]): string {
  const step = Math.max(1, Math.ceil(all.length / LINES))
  const shown = all.filter((_, i) => (i + 1) % step === 0 || i === 0)
  const mean = loads.reduce((sum, load) => sum + load, 0) / loads.length
  const date = startedAt.toISOString().slice(0, 16).replace('T', ' ')
  const clients = PROCESSES * STORES_EACH
  return [
    `${all.length} minutes, ${clients} clients in ${PROCESSES} processes, ${date}, mean load of the machine ${mean.toFixed(1)}:`,
    '',
    '| minute | messages | refused | ack p50 | p99 | reviewer | a process of 5 clients | its heap | disk | a message | rows |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...shown.map((line) => {
      const { minute, seq, refused, p50, p99, reviewerMB, clientsMB, heapMB, diskMB, rows } = line
      const bytes = Math.round((diskMB * 1e6) / seq)
      return `| ${minute} | ${seq} | ${refused} | ${p50.toFixed(1)} ms | ${p99.toFixed(0)} ms | ${reviewerMB.toFixed(0)} MB | ${clientsMB.toFixed(0)} MB | ${heapMB.toFixed(1)} MB | ${diskMB.toFixed(1)} MB | ${bytes} B | ${rows} |`
    }),
  ].join('\n')
}
