/** Server and client processes of the network workloads, and their system figures. */
import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Commands } from './client.ts'
import type { Kind, ServerAddress } from './replica.ts'

const SOURCE = '--conditions=@countersign/source'
const READY_MS = 30_000
const STOP_MS = 10_000

export interface ServerProcess {
  readonly address: ServerAddress
  readonly pid: number
  /** Ends the process without a word, as a crash does. */
  kill(): Promise<void>
  stop(): Promise<void>
}

export interface ServerOptions {
  readonly port: number
  /** A folder of this server alone. */
  readonly data: string
  readonly profile?: string | undefined
}

/** Starts the real reviewer, the floor's server or a peer's; resolves when it listens. */
export async function startServer(
  kind: Kind,
  { port, data, profile }: ServerOptions,
): Promise<ServerProcess> {
  const floor = new URL('../floors/sync-server.ts', import.meta.url).pathname
  const reviewer = new URL('../../../apps/reviewer/src/main.ts', import.meta.url).pathname
  const limits = new URL('limits.ts', import.meta.url).pathname
  const peer = new URL(`../peers/src/net/${kind}-server.ts`, import.meta.url).pathname
  const program =
    kind === 'floor'
      ? [floor, String(port), join(data, 'floor.sqlite')]
      : kind === 'ours'
        ? [reviewer, '--port', String(port), '--data', data, '--log', 'warn', '--rules', limits]
        : [peer, String(port), data]
  const flags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
  const child = spawn(process.execPath, [SOURCE, ...flags, ...program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const line = await readyLine(child)
  const [, url = '', space = ''] = /ready (\S+)(?: space (\S+))?/.exec(line) ?? []
  return {
    address: { url, space },
    pid: child.pid!,
    kill: () => ended(child, 'SIGKILL'),
    stop: () => ended(child, 'SIGTERM'),
  }
}

function readyLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the server did not start')), READY_MS)
    createInterface({ input: child.stdout! }).once('line', (line) => {
      clearTimeout(timer)
      resolve(line)
    })
    child.once('exit', (code) => reject(new Error(`the server ended with code ${code}`)))
  })
}

function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    child.once('exit', () => {
      clearTimeout(late)
      resolve()
    })
    child.kill(signal)
  })
}

export type Client = Commands & { readonly process: ChildProcess }

/** A client process; calling a command asks it, and its failure rejects. */
export function startClient(profile?: string): Client {
  const flags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
  const child = fork(new URL('client.ts', import.meta.url), [], { execArgv: [SOURCE, ...flags] })
  const waiting = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >()
  let calls = 0
  child.on('message', (message) => {
    const { call, value, error } = message as { call: number; value?: unknown; error?: string }
    const asked = waiting.get(call)
    waiting.delete(call)
    if (error === undefined) asked?.resolve(value)
    else asked?.reject(new Error(error))
  })
  child.on('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`a client ended with code ${code}`))
    waiting.clear()
  })
  const ask =
    (name: string) =>
    (...args: readonly unknown[]) =>
      new Promise((resolve, reject) => {
        waiting.set(++calls, { resolve, reject })
        child.send({ call: calls, name, args })
      })
  return new Proxy({} as Client, {
    get: (_, name) =>
      name === 'process' ? child : name === 'then' ? undefined : ask(String(name)),
  })
}

/** A folder that is gone after `work`, and the processes that `work` started with it. */
export async function withPlace<T>(work: (place: Place) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
  const place = new Place(folder)
  try {
    return await work(place)
  } finally {
    await place.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

export class Place {
  readonly #folder: string
  readonly #servers: ServerProcess[] = []
  readonly #clients: Client[] = []
  #folders = 0

  constructor(folder: string) {
    this.#folder = folder
  }

  folder(): string {
    return mkdtempSync(join(this.#folder, `${++this.#folders}-`))
  }

  async server(kind: Kind, options: ServerOptions): Promise<ServerProcess> {
    const server = await startServer(kind, options)
    this.#servers.push(server)
    return server
  }

  async client(kind: Kind, address: ServerAddress, profile?: string): Promise<Client> {
    const client = await this.emptyClient(profile)
    await client.open(kind, address)
    return client
  }

  /** A process that has no replica yet. */
  async emptyClient(profile?: string): Promise<Client> {
    const client = startClient(profile)
    this.#clients.push(client)
    return client
  }

  async close(): Promise<void> {
    for (const client of this.#clients) {
      if (client.process.connected) client.process.disconnect()
    }
    for (const server of this.#servers) await server.stop()
  }
}

/** A free port; a server that restarts needs the same one twice. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

/**
 * Time on the processor of all threads of a process, in ms; undefined where the system does not
 * report it.
 */
export function cpuMsOf(pid: number): number | undefined {
  try {
    const folder = `/proc/${pid}/task`
    const nanos = readdirSync(folder).map((task) =>
      Number(readFileSync(join(folder, task, 'schedstat'), 'utf8').split(' ')[0]),
    )
    return nanos.reduce((sum, part) => sum + part, 0) / 1e6
  } catch {
    return undefined
  }
}

/** Resident memory of a process, in MB. */
export function residentOf(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1_024
}

/** Bytes of all files in a folder. */
export function sizeOf(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const stats = files.map((file) => statSync(join(folder, file)))
  return stats.reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0)
}
