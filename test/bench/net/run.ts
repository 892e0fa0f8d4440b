/**
 * N1, N2 and N7: a writer, a server and a reader, each a process, floor and ours in turn. The
 * processes of both sides live through all rounds; only one side works at a time.
 */
import type { Settings } from '../args.ts'
import {
  type Figure,
  type Rounds,
  loneFigure,
  median,
  must,
  quantile,
  rateFigure,
  timeFigure,
} from '../figure.ts'
import {
  type Client,
  type Place,
  type ServerProcess,
  cpuMsOf,
  freePort,
  withPlace,
} from './processes.ts'
import type { Kind } from './replica.ts'

const ROWS = 1_000
const EDITS = 200
const FLOOD = 20_000
const ROUNDS = 5
const KINDS: readonly Kind[] = ['floor', 'ours']

export async function runOnNetwork(name: string, settings: Settings): Promise<readonly Figure[]> {
  if (name === 'N1' && settings.browser) {
    const { editBetweenPages } = await import('../browser/between-pages.ts')
    return editBetweenPages()
  }
  const run = { N1: n1, N2: n2, N7: n7 }[name]!
  return withPlace((place) => run(place, settings))
}

/** A server with a writer and a reader that both have all rows. */
interface Scene {
  readonly server: ServerProcess
  readonly writer: Client
  readonly reader: Client
  readonly data: string
}

async function sceneOf(kind: Kind, place: Place, profile?: string): Promise<Scene> {
  const data = place.folder()
  const server = await place.server(kind, { port: await freePort(), data, profile })
  const writer = await place.client(kind, server.address, profile)
  const reader = await place.client(kind, server.address, profile)
  const written = await writer.fill(ROWS)
  must((await reader.follow(ROWS)) === written, `${kind}: the reader has other rows`)
  return { server, writer, reader, data }
}

async function scenes(place: Place, profile?: string): Promise<Readonly<Record<Kind, Scene>>> {
  return {
    floor: await sceneOf('floor', place, profile),
    ours: await sceneOf('ours', place, profile),
  }
}

/** All replicas of a side, and a newcomer, hold the same rows. */
async function checkEqual(kind: Kind, scene: Scene, place: Place): Promise<void> {
  const newcomer = await place.client(kind, scene.server.address)
  await newcomer.follow(ROWS)
  const { digest, seq } = await scene.writer.state()
  await reached(newcomer, seq)
  for (const client of [scene.reader, newcomer]) {
    must((await client.state()).digest === digest, `${kind}: two replicas hold different rows`)
  }
}

async function reached(client: Client, seq: number): Promise<void> {
  for (let tries = 0; tries < 5_000; tries++) {
    if ((await client.progress()).seq >= seq) return
    await pause(2)
  }
  throw new Error(`wrong result: a replica never reached ${seq}`)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function n1(place: Place, settings: Settings): Promise<Figure[]> {
  const sides = await scenes(place, settings.profile)
  const rows: Record<Kind, number[]> = { floor: [], ours: [] }
  const acks: Record<Kind, number[]> = { floor: [], ours: [] }
  const all: number[] = []
  let first = 1
  for (let round = 0; round <= (settings.rounds ?? ROUNDS); round++) {
    for (const kind of KINDS) {
      const { writer, reader } = sides[kind]
      const made = await writer.edits(first, EDITS)
      const { times } = await reader.seen(first + EDITS - 1)
      first += EDITS
      const seen = new Map(times)
      const toRow = made.map(({ edit, startedAt }) => seen.get(edit)! - startedAt)
      must(toRow.every(Number.isFinite), `${kind}: an edit never reached the reader`)
      if (round === 0) continue
      rows[kind].push(median(toRow))
      acks[kind].push(median(made.map(({ startedAt, ackedAt }) => ackedAt - startedAt)))
      if (kind === 'ours') all.push(...toRow)
    }
  }
  for (const kind of KINDS) await checkEqual(kind, sides[kind], place)
  const facts = { unit: 'ms' as const, note: `p99 ${quantile(all, 0.99).toFixed(1)} ms` }
  return [
    timeFigure(
      { ...facts, name: 'N1 row', what: "one change to the reader's row, p50" },
      paired(rows),
    ),
    timeFigure(
      { name: 'N1 ack', what: 'one change to its durable ack, p50', unit: 'ms' },
      paired(acks),
    ),
  ]
}

function paired(values: Readonly<Record<Kind, readonly number[]>>): Rounds {
  const stretches = (list: readonly number[]): { ms: number }[] => list.map((ms) => ({ ms }))
  return { floor: stretches(values.floor), ours: stretches(values.ours) }
}

type Part = 'writer' | 'server' | 'reader'

interface FloodRun {
  readonly ms: number
  readonly ackMs: number
  /** Time on the processor, µs a change, by process. */
  readonly cpuUs: Readonly<Record<Part, number>>
  readonly up: number
  readonly down: number
}

async function n2(place: Place, settings: Settings): Promise<Figure[]> {
  const sides = await scenes(place, settings.profile)
  const runs: Record<Kind, FloodRun[]> = { floor: [], ours: [] }
  let first = 1
  for (let round = 0; round <= (settings.rounds ?? ROUNDS); round++) {
    for (const kind of KINDS) {
      const run = await flood(kind, sides[kind], first)
      first += FLOOD
      if (round > 0) runs[kind].push(run)
    }
  }
  for (const kind of KINDS) await checkEqual(kind, sides[kind], place)
  const of = (pick: (run: FloodRun) => number): Record<Kind, number[]> => ({
    floor: runs.floor.map(pick),
    ours: runs.ours.map(pick),
  })
  const bytes = (what: string): { unit: 'B'; what: string } => ({ unit: 'B', what })
  return [
    rateFigure(
      { name: 'N2', what: '20,000 changes, until the reader has all' },
      paired(of((run) => run.ms)),
      FLOOD,
    ),
    rateFigure(
      { name: 'N2 ack', what: 'the same, until all are acked' },
      paired(of((run) => run.ackMs)),
      FLOOD,
    ),
    cpuFigure(
      'N2 cpu',
      'server',
      of((run) => run.cpuUs.server),
    ),
    cpuFigure(
      'N2 cpu writer',
      'writer',
      of((run) => run.cpuUs.writer),
    ),
    cpuFigure(
      'N2 cpu reader',
      'reader',
      of((run) => run.cpuUs.reader),
    ),
    besideFloor(
      'N2 up',
      bytes('bytes a change from the author'),
      of((run) => run.up),
    ),
    besideFloor(
      'N2 down',
      bytes('bytes a change to the reader'),
      of((run) => run.down),
    ),
  ]
}

function cpuFigure(
  name: string,
  part: Part,
  values: Readonly<Record<Kind, readonly number[]>>,
): Figure {
  const facts = { unit: 'µs' as const, what: `time of the ${part} on the processor, a change` }
  return besideFloor(name, facts, values)
}

function besideFloor(
  name: string,
  facts: { readonly unit: 'B' | 'µs'; readonly what: string },
  { floor, ours }: Readonly<Record<Kind, readonly number[]>>,
): Figure {
  return { ...loneFigure({ ...facts, name }, ours), floor: median(floor) }
}

function cpuMsBy({ server, writer, reader }: Scene): Readonly<Record<Part, number>> {
  return {
    writer: cpuMsOf(writer.process.pid!) ?? NaN,
    server: cpuMsOf(server.pid) ?? NaN,
    reader: cpuMsOf(reader.process.pid!) ?? NaN,
  }
}

async function flood(kind: Kind, scene: Scene, first: number): Promise<FloodRun> {
  const { writer, reader } = scene
  const before = { up: await writer.traffic(), down: await reader.traffic() }
  const cpuBefore = cpuMsBy(scene)
  const seqBefore = (await writer.state()).seq
  const arrived = reader.flooded(first, FLOOD)
  const { startedAt, ackedAt } = await writer.flood(first, FLOOD, false)
  const arrivedAt = await arrived
  const cpuAfter = cpuMsBy(scene)
  const cpuUs = (part: Part): number => ((cpuAfter[part] - cpuBefore[part]) * 1_000) / FLOOD
  const after = { up: await writer.traffic(), down: await reader.traffic() }
  const written = await writer.state()
  await reached(reader, written.seq)
  must(
    written.seq === seqBefore + FLOOD,
    `${kind}: ${written.seq - seqBefore} changes in the order`,
  )
  must((await reader.state()).digest === written.digest, `${kind}: writer and reader differ`)
  return {
    ms: arrivedAt - startedAt,
    ackMs: ackedAt - startedAt,
    cpuUs: { writer: cpuUs('writer'), server: cpuUs('server'), reader: cpuUs('reader') },
    up: (after.up.up - before.up.up) / FLOOD,
    down: (after.down.down - before.down.down) / FLOOD,
  }
}

interface Crash {
  readonly acked: number
  readonly lost: number
  readonly twice: number
  readonly healedMs: number
}

/** Parts of the flood that are acked when the server is killed, by round. */
const CRASH_PARTS = [0.1, 0.2, 0.3, 0.4, 0.5]

async function n7(place: Place, settings: Settings): Promise<Figure[]> {
  const crashes: Record<Kind, Crash[]> = { floor: [], ours: [] }
  for (let round = 0; round < (settings.rounds ?? CRASH_PARTS.length); round++) {
    for (const kind of KINDS) {
      crashes[kind].push(await crash(kind, place, CRASH_PARTS[round % CRASH_PARTS.length]!))
    }
  }
  const sum = (kind: Kind, pick: (run: Crash) => number): number =>
    crashes[kind].reduce((total, run) => total + pick(run), 0)
  const rounds = crashes.ours.length
  const count = (name: string, what: string, pick: (run: Crash) => number): Figure => ({
    name,
    what,
    unit: '',
    ours: sum('ours', pick),
    floor: sum('floor', pick),
    rounds,
  })
  const note = `${crashes.ours.map((run) => run.acked).join(', ')} acked at the kills`
  return [
    {
      ...count('N7 lost', 'kill -9 amid N2: acked changes that are gone', (run) => run.lost),
      note,
    },
    count(
      'N7 twice',
      'the same: changes that stand in the order twice, or never',
      (run) => run.twice,
    ),
    {
      ...loneFigure(
        { name: 'N7 healed', what: 'restart until all is acked and equal', unit: 'ms' },
        crashes.ours.map((run) => run.healedMs),
      ),
      floor: median(crashes.floor.map((run) => run.healedMs)),
    },
  ]
}

async function crash(kind: Kind, place: Place, part: number): Promise<Crash> {
  const scene = await sceneOf(kind, place)
  const { writer, reader, server, data } = scene
  const started = await writer.progress()
  const flooding = writer.flood(1, FLOOD, true)
  await untilAcked(writer, part)
  await server.kill()
  const acked = await writer.cut()

  const port = Number(new URL(server.address.url).port)
  const restartedAt = performance.now()
  const again = await place.server(kind, { port, data })
  const witness = await place.client(kind, again.address)
  await witness.follow(ROWS)
  // What the writer knows to be canonical must come; if it is lost, waiting ends all the same.
  await reached(witness, (await writer.progress()).seq).catch(() => {})
  const lost = await lostAmong(acked, witness)

  await writer.reconnect()
  await flooding
  const { seq, digest } = await writer.state()
  await reached(reader, seq)
  await reached(witness, seq)
  const healedMs = performance.now() - restartedAt
  for (const client of [reader, witness]) {
    must((await client.state()).digest === digest, `${kind}: replicas differ after the crash`)
  }
  for (const client of [writer, reader, witness]) client.process.disconnect()
  await again.kill()
  return { acked: acked.length, lost, twice: Math.abs(seq - started.seq - FLOOD), healedMs }
}

/** Lets the flood run until this part of it is acked. */
async function untilAcked(writer: Client, part: number): Promise<void> {
  while ((await writer.progress()).waiting > FLOOD * (1 - part)) await pause(1)
}

/** Edits that were acked and that the rows of the witness do not show, nor a later one. */
async function lostAmong(acked: readonly number[], witness: Client): Promise<number> {
  const shown = Object.values(await witness.shown())
  const byRow = new Map(shown.filter((edit) => edit > 0).map((edit) => [edit % ROWS, edit]))
  return acked.filter((edit) => edit > (byRow.get(edit % ROWS) ?? 0)).length
}
