// Owns: `pnpm fuzz --hostile`. A client that says 10,000 malformed frames to a reviewer process over real
// sockets, as fast as it can, while an honest one writes. Prints latency and memory before and during,
// and what the reviewer has stored; ends with code 1 where an honest write is lost, or something of the
// hostile client is stored.
import { type SyncStore, createSyncStore } from '@countersign/core'

import { socketIo } from '@countersign/transport-socketio'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { setTimeout as pause } from 'node:timers/promises'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import { SeededRandom } from '@countersign/core/testing'
import { startReviewerProcess } from '../model/reviewer-process.ts'
import { recorded } from './corpus.ts'
import { mutated, pick } from './mutate.ts'
import { SPACE } from '../scenario/wire.ts'
import { Item } from './types.ts'

const FRAMES = 10_000
const EDITS = 300
/** Frames of one turn of the event loop. */
const BURST = 16

interface Task {
  readonly url: string
  readonly up: readonly string[]
  readonly seed: number
}

interface Figures {
  readonly p50: number
  readonly p99: number
}

/** Says its frames, over a new link whenever one is closed. */
async function beHostile({ url, up, seed }: Task): Promise<void> {
  const random = new SeededRandom(seed)
  let said = 0
  let links = 0
  while (said < FRAMES) {
    const transport = socketIo(url)
    links++
    const over = Promise.withResolvers<void>()
    let isOpen = false
    const link = transport.connect({
      open: () => {
        isOpen = true
        void talk()
      },
      frame: () => {},
      closed: () => {
        isOpen = false
        over.resolve()
      },
    })
    const talk = async (): Promise<void> => {
      while (isOpen && said < FRAMES) {
        for (let turn = 0; turn < BURST && isOpen && said < FRAMES; turn++) {
          link.send(mutated(pick(up, random), up, random))
          said++
        }
        await pause(1)
      }
      link.close()
      over.resolve()
    }
    await over.promise
    await pause(2)
  }
  parentPort?.postMessage(links)
}

async function main(): Promise<void> {
  const space = SPACE // that of the recorded frames, so that they get past the greeting
  const reviewer = await startReviewerProcess(
    space,
    fileURLToPath(new URL('types.ts', import.meta.url)),
  )
  const { up } = await recorded()
  const store = createSyncStore({
    space,
    entities: [Item],
    transports: [socketIo(reviewer.url)],
    server: true,
  })
  await store.ready
  await edits(store) // warm
  const quiet = await edits(store)
  const before = stateOf(reviewer)
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { url: reviewer.url, up, seed: 1 } satisfies Task,
  })
  let links = 0
  worker.on('message', (count: number) => (links = count))
  const ended = once(worker, 'exit')
  let isOver = false
  void ended.then(() => (isOver = true))
  const during: Figures[] = []
  let most = 0
  while (!isOver) {
    during.push(await edits(store))
    most = Math.max(most, memoryOf(reviewer.pid))
  }
  const after = stateOf(reviewer)
  const rows = store.query(Item).rows.length
  const p50 = median(during.map((figures) => figures.p50))
  console.log(`hostile: ${FRAMES} malformed frames over ${links} links`)
  console.log(
    `hostile: write until ack, quiet: p50 ${quiet.p50.toFixed(1)} ms, p99 ${quiet.p99.toFixed(1)} ms`,
  )
  console.log(
    `hostile: beside it: p50 ${p50.toFixed(1)} ms, p99 ${median(during.map(({ p99 }) => p99)).toFixed(1)} ms; ratio ${(p50 / quiet.p50).toFixed(2)}`,
  )
  console.log(
    `hostile: memory ${before.memory.toFixed(0)} MB before, ${most.toFixed(0)} MB at most, ${after.memory.toFixed(0)} MB after`,
  )
  console.log(
    `hostile: sessions stored ${before.sessions} before, ${after.sessions} after; messages ${after.messages}, honest ${rows}`,
  )
  await store.close()
  await reviewer.stop()
  const isClean =
    after.sessions === before.sessions && after.messages === (during.length + 2) * EDITS + 1
  if (!isClean) process.exitCode = 1
}

interface Stored {
  readonly memory: number
  readonly sessions: number
  readonly messages: number
}

/** What the reviewer's files hold, and the memory of its process in MB. */
function stateOf({ pid, data }: { readonly pid: number; readonly data: string }): Stored {
  let [sessions, messages] = [0, 0]
  for (const name of globSync('**/*.sqlite', { cwd: data })) {
    const db = new DatabaseSync(`${data}/${name}`, { readOnly: true })
    const head = db.prepare('SELECT seq, sessions FROM head').get() as
      | { readonly seq: number; readonly sessions: number }
      | undefined
    sessions += head?.sessions ?? 0
    messages += head?.seq ?? 0
    db.close()
  }
  return { memory: memoryOf(pid), sessions, messages }
}

function memoryOf(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1_024
}

/** Writes one row after another, each until its verdict. */
async function edits(store: SyncStore): Promise<Figures> {
  const times: number[] = []
  for (let edit = 0; edit < EDITS; edit++) {
    const startMs = performance.now()
    await store.create(Item, { title: `honest ${edit}` }).settled()
    times.push(performance.now() - startMs)
  }
  times.sort((a, b) => a - b)
  return { p50: times[EDITS >> 1]!, p99: times[Math.floor(EDITS * 0.99)]! }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

if (isMainThread) await main()
else await beHostile(workerData as Task)
