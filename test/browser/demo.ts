/**
 * The demo as tests drive it: `apps/board/demo.ts` in a process of its own, on free ports and with a
 * data folder of its own. It is ready when it says `demo http://…`.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createInterface } from 'node:readline'

const program = fileURLToPath(new URL('../../apps/board/demo.ts', import.meta.url))
export const startMs = 60_000
const wordMs = 20_000

export class Demo {
  readonly url: string
  readonly #child: ChildProcess
  readonly #lines: string[]

  private constructor(url: string, child: ChildProcess, lines: string[]) {
    this.url = url
    this.#child = child
    this.#lines = lines
  }

  static async start(...options: readonly string[]): Promise<Demo> {
    const child = spawn(
      process.execPath,
      // While somebody edits the sources, a page under test must not reload.
      ['--conditions=@countersign/source', program, '--still', ...options],
      { env: { ...process.env, PORT: '0' }, stdio: ['pipe', 'pipe', 'pipe'] },
    )
    const lines: string[] = []
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => lines.push(line))
    }
    const line = await said(lines, /^demo http/, { child, withinMs: startMs })
    return new Demo(line.slice('demo '.length).trim(), child, lines)
  }

  /** Plays the weather: takes the reviewer away, or brings it back. Resolves when that is so. */
  async say(word: 'kill' | 'stop' | 'start'): Promise<void> {
    const before = this.#lines.length
    this.#child.stdin?.write(`${word}\n`)
    const fresh = (): string[] => this.#lines.slice(before)
    await said(fresh, new RegExp(`^reviewer: ${word} done`), {
      child: this.#child,
      withinMs: wordMs,
    })
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill('SIGTERM')
    await gone
  }
}

async function said(
  lines: readonly string[] | (() => readonly string[]),
  pattern: RegExp,
  { child, withinMs }: { child: ChildProcess; withinMs: number },
): Promise<string> {
  const all = (): readonly string[] => (typeof lines === 'function' ? lines() : lines)
  const deadline = Date.now() + withinMs
  while (Date.now() < deadline) {
    const found = all().find((line) => pattern.test(line))
    if (found !== undefined) return found
    if (child.exitCode !== null) break
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`the demo did not say ${pattern}; it said:\n${all().join('\n')}`)
}
