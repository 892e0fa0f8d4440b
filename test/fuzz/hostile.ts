/**
 * `pnpm fuzz:hostile`: a client that says 10,000 malformed frames to a reviewer process over real
 * sockets, as fast as it can, beside an honest one that writes. Spans with and without the hostile
 * client alternate in one run, so that both see the same machine. Ends with code 1 where
 *
 * - an honest write is lost, or something of the hostile client is stored;
 * - the median time of a write until its verdict is more than twice that without the hostile client;
 * - what is alive in the reviewer's memory after a collection has grown by more than `GROWTH_BYTES_MAX`.
 */
import { type SyncStore, createSyncStore } from '@countersign/core'
import { socketIo } from '@countersign/transport-socketio'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { startReviewerProcess } from '../model/reviewer-process.ts'
import { SPACE } from '../scenario/wire.ts'
import type { Said } from './hostile-client.ts'
import { Item } from './types.ts'

const SPANS = 10
const FRAMES = 10_000
/** Honest writes of a span without the hostile client. */
const EDITS = 150
/** Rows that are written in turn, so that what is alive does not grow by the honest writes. */
const ROWS = 50
const RATIO_MAX = 2
/** The frames are some 22 MB. What the honest writes leave in the caches counts, too. */
const GROWTH_BYTES_MAX = 6 * 1024 * 1024

/** An honest client, and how long each of its writes took until the verdict. */
class Honest {
  readonly #store: SyncStore
  readonly #ids: readonly string[]
  written = ROWS

  private constructor(store: SyncStore, ids: readonly string[]) {
    this.#store = store
    this.#ids = ids
  }

  static async open(url: string): Promise<Honest> {
    const store = createSyncStore({
      ...{ space: SPACE, entities: [Item], transports: [socketIo(url)], server: true },
    })
    await store.ready
    const ids: string[] = []
    for (let row = 0; row < ROWS; row++) {
      const created = store.create(Item, { title: 'honest' })
      await created.settled()
      ids.push(created.id)
    }
    return new Honest(store, ids)
  }

  /** Writes one after the other while `goes`; the time of each in ms. */
  async write(goes: (done: number) => boolean): Promise<number[]> {
    const times: number[] = []
    while (goes(times.length)) {
      const startMs = performance.now()
      const title = `honest ${++this.written}`
      await this.#store.update(Item, this.#ids[this.written % ROWS]!, { title }).settled() // one of ROWS
      times.push(performance.now() - startMs)
    }
    return times
  }

  close(): Promise<void> {
    return this.#store.close()
  }
}

/** Messages and sessions in the reviewer's files. */
function storedIn(data: string): { readonly sessions: number; readonly messages: number } {
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
  return { sessions, messages }
}

/** One span: honest writes while the hostile client says its frames. */
async function besideHostile(
  honest: Honest,
  hostile: ChildProcess,
): Promise<{ readonly times: readonly number[]; readonly said: Said }> {
  let said: Said | undefined
  hostile.once('message', (message) => (said = message as Said))
  hostile.send('say')
  const times = await honest.write(() => said === undefined)
  // The last write may have ended after the span.
  return { times: times.slice(0, -1), said: said! } // the writes end when it has come
}

function quantile(times: readonly number[], at: number): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * at)] ?? Number.NaN
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

const MB = 1024 * 1024
let isFailed = false

/** Prints a figure with its goal. */
function judge(what: string, holds: boolean, goal: string): void {
  console.log(`hostile: ${what}; goal: ${goal}: ${holds ? 'yes' : 'NO'}`)
  if (!holds) isFailed = true
}

// The recorded frames are of this space, so that some get past the greeting.
const reviewer = await startReviewerProcess(
  SPACE,
  fileURLToPath(new URL('types.ts', import.meta.url)),
)
const honest = await Honest.open(reviewer.url)
const hostile = fork(
  new URL('hostile-client.ts', import.meta.url),
  [reviewer.url, String(FRAMES / SPANS)],
  { execArgv: ['--conditions=@countersign/source'] },
)
await once(hostile, 'message')
await honest.write((done) => done < 2 * EDITS) // warm
await besideHostile(honest, hostile)
await honest.write((done) => done < EDITS) // what links have left is gone
const aliveBefore = await reviewer.aliveBytes()
const before = storedIn(reviewer.data)
const writtenBefore = honest.written
const [alone, beside, saids]: [number[], number[], Said[]] = [[], [], []]
for (let span = 0; span < SPANS; span++) {
  alone.push(...(await honest.write((done) => done < EDITS)))
  const { times, said } = await besideHostile(honest, hostile)
  beside.push(...times)
  saids.push(said)
}
hostile.disconnect()
await honest.write((done) => done < EDITS)
const aliveAfter = await reviewer.aliveBytes()
const after = storedIn(reviewer.data)
await honest.close()
await reviewer.stop()

const saidBytes = sum(saids.map((said) => said.bytes))
const seconds = sum(saids.map((said) => said.ms)) / 1_000
const links = sum(saids.map((said) => said.links))
console.log(
  `hostile: ${FRAMES} malformed frames, ${(saidBytes / MB).toFixed(0)} MB, over ${links} links in ${seconds.toFixed(1)} s`,
)
for (const [name, times] of [
  ['alone', alone],
  ['beside it', beside],
] as const)
  console.log(
    `hostile: write until verdict, ${name}: p50 ${quantile(times, 0.5).toFixed(2)} ms, p99 ${quantile(times, 0.99).toFixed(1)} ms of ${times.length}`,
  )
const ratio = quantile(beside, 0.5) / quantile(alone, 0.5)
judge(`ratio of the medians ${ratio.toFixed(2)}`, ratio <= RATIO_MAX, `at most ${RATIO_MAX}`)
judge(
  `alive after a collection ${(aliveBefore / MB).toFixed(1)} MB before, ${(aliveAfter / MB).toFixed(1)} MB after`,
  aliveAfter - aliveBefore <= GROWTH_BYTES_MAX,
  `at most ${GROWTH_BYTES_MAX / MB} MB more`,
)
const [honestMessages, messages] = [
  honest.written - writtenBefore,
  after.messages - before.messages,
]
judge(
  `stored: ${messages} messages of ${honestMessages} honest writes, ${after.sessions - before.sessions} sessions more`,
  messages === honestMessages && after.sessions === before.sessions,
  'every honest one, and nothing else',
)
if (isFailed) process.exitCode = 1
