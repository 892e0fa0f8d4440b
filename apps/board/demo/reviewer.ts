/**
 * The reviewer of the demo: the sample reviewer in a process of its own, which can be stopped and
 * started again while the board is in use.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Server } from 'node:http'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { KEY_VARIABLE } from './issuer.ts'
import { answerPosts } from './posts.ts'

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
  readonly #issuerKey: string
  #child: ChildProcess | undefined
  /** The port of the first start, kept for restarts, because the proxy uses it. */
  #port = 0

  /** `issuerKey`: of the login whose tokens it takes. */
  constructor(data: string, issuerKey: string) {
    this.#data = data
    this.#issuerKey = issuerKey
    // The reviewer must not outlive this process.
    process.on('exit', () => this.#child?.kill('SIGKILL'))
  }

  get running(): boolean {
    return this.#child !== undefined
  }

  /** Resolves when it accepts connections; rejects with its output when it does not start. */
  async start(): Promise<ReviewerAddress> {
    const place = ['--port', String(this.#port), '--data', this.#data, '--log', 'warn']
    const options = [...place, '--entities', entities, '--rules', rules]
    const child = spawn(
      process.execPath,
      ['--conditions=@countersign/source', program, ...options],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, [KEY_VARIABLE]: this.#issuerKey },
        // A process group of its own: Ctrl+C reaches only this process, which then stops the reviewer gracefully.
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

  /** Does what a word says, from the terminal or the page; undefined for any other word. */
  told(word: string): Promise<unknown> | undefined {
    if (word === 'kill') return this.kill()
    if (word === 'stop') return this.stop()
    if (word === 'start') return this.running ? Promise.resolve() : this.start()
    return undefined
  }

  /** Answers `POST /reviewer/<word>`, when it is done. */
  serve(http: Server): void {
    answerPosts(http, /^\/reviewer\/(\w+)$/, async (word) => {
      const done = this.told(word)
      await done
      return done && `${word} done`
    })
  }

  /** Stops it gracefully. */
  async stop(): Promise<void> {
    const child = this.#child
    if (!child) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    const hurry = setTimeout(() => child.kill('SIGKILL'), stopMs)
    await gone
    clearTimeout(hurry)
  }

  /** Kills it without a graceful stop. */
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
      reject(new Error('the reviewer did not start in time'))
    }, startMs)
    child.once('exit', (code) => {
      clearTimeout(timer)
      reject(new Error(`the reviewer exited at its start, with code ${code}`))
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
