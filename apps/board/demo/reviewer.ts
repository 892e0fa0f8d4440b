/**
 * The reviewer of the demo: the real one, in a process of its own, so that it can be taken away
 * and brought back while people work.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface ReviewerAddress {
  readonly url: string
  readonly port: number
  readonly space: string
  readonly key: string
}

const program = fileURLToPath(new URL('../../reviewer/src/main.ts', import.meta.url))
const entities = fileURLToPath(new URL('entities.ts', import.meta.url))
const rules = fileURLToPath(new URL('rules.ts', import.meta.url))
const readyLine = /^reviewer ready (?<url>http:\/\/\S+) space (?<space>\S+) key (?<key>\S+)$/
const startMs = 20_000
const stopMs = 5_000

export class DemoReviewer {
  readonly #data: string
  #child: ChildProcess | undefined
  /** The port of the first start: the page knows no other. */
  #port = 0

  constructor(data: string) {
    this.#data = data
    // Whatever ends this process, the other one must not be left behind.
    process.on('exit', () => this.#child?.kill('SIGKILL'))
  }

  get running(): boolean {
    return this.#child !== undefined
  }

  /** Resolves when it takes connections; rejects with what it said when it does not come up. */
  async start(): Promise<ReviewerAddress> {
    const place = ['--port', String(this.#port), '--data', this.#data, '--log', 'warn']
    const options = [...place, '--entities', entities, '--rules', rules]
    const child = spawn(
      process.execPath,
      ['--conditions=@countersign/source', program, ...options],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        // A group of its own: Ctrl+C reaches this process alone, which then stops the other gently.
        detached: true,
      },
    )
    this.#child = child
    child.once('exit', () => {
      if (this.#child === child) this.#child = undefined
    })
    const address = await addressOf(child)
    this.#port = address.port
    return address
  }

  /** Lets it finish what it is writing. */
  async stop(): Promise<void> {
    const child = this.#child
    if (!child) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    const hurry = setTimeout(() => child.kill('SIGKILL'), stopMs)
    await gone
    clearTimeout(hurry)
  }

  /** As if its machine had lost power. */
  async kill(): Promise<void> {
    const child = this.#child
    if (!child) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }
}

function addressOf(child: ChildProcess): Promise<ReviewerAddress> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error('the reviewer did not come up in time'))
    }, startMs)
    child.once('exit', (code) => {
      clearTimeout(timer)
      reject(new Error(`the reviewer ended at its start, with code ${code}`))
    })
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const said = readyLine.exec(line)?.groups
      if (!said) return
      clearTimeout(timer)
      const url = said['url']!
      resolve({ url, port: Number(new URL(url).port), space: said['space']!, key: said['key']! })
    })
  })
}
