/**
 * The sample reviewer as a process of its own, on a free port and with a data folder that is
 * gone afterwards. What it logs goes to this terminal; it is stopped as an operator would.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface ReviewerProcess {
  readonly url: string
  readonly space: string
  /** Its public key, base64url. */
  readonly key: string
  readonly pid: number
  /** The folder of its data. */
  readonly data: string
  /** Bytes of its heap and buffers that are alive after a collection. */
  aliveBytes(): Promise<number>
  /** Resolves when the process has ended and its data are gone. */
  stop(): Promise<void>
}

const main = fileURLToPath(new URL('../../apps/reviewer/src/main.ts', import.meta.url))
const manifest = fileURLToPath(new URL('manifest.ts', import.meta.url))
const heapReport = new URL('heap-report.ts', import.meta.url).href
const READY = /^reviewer ready (\S+) space (\S+) key (\S+)$/
const STOP_MS = 10_000

/** `types`: a file whose default export are its types. Rejects when it ends before it is ready. */
export async function startReviewerProcess(
  space: string,
  types: string = manifest,
): Promise<ReviewerProcess> {
  const data = await mkdtemp(join(tmpdir(), 'countersign-reviewer-'))
  const args = [
    '--port',
    '0',
    '--data',
    join(data, 'space'),
    '--space',
    space,
    '--entities',
    types,
    '--log',
    'warn',
  ]
  const child = spawn(
    process.execPath,
    [
      ...['--conditions=@countersign/source', '--disable-warning=ExperimentalWarning'],
      ...['--expose-gc', '--import', heapReport, main, ...args],
    ],
    { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] },
  )
  const aliveBytes = async (): Promise<number> => {
    const answer = once(child, 'message')
    child.send('heap')
    return Number((await answer)[0])
  }
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const stop = async (): Promise<void> => {
    await endOf(child, ended)
    await rm(data, { recursive: true, force: true })
  }
  try {
    const line = await readyLine(child, ended)
    return { ...line, pid: child.pid!, data, aliveBytes, stop } // a process that is ready has an id
  } catch (error) {
    await stop()
    throw error
  }
}

async function readyLine(
  child: ChildProcess,
  ended: Promise<void>,
): Promise<{ url: string; space: string; key: string }> {
  const ready = new Promise<RegExpExecArray>((resolve, reject) => {
    child.once('error', reject)
    void ended.then(() => reject(new Error('the reviewer ended before it was ready')))
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const match = READY.exec(line)
      if (match) resolve(match)
    })
  })
  const [, url, space, key] = await ready
  return { url: url!, space: space!, key: key! }
}

/** Asks it to stop; a process that does not is killed. */
async function endOf(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await ended
  clearTimeout(timer)
}
