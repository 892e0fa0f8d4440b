/** N7: `kill -9` of the server in the middle of a flood, restart, reconnect. Floor and ours only. */
import { type Settings, scaled } from '../args.ts'
import { type Figure, loneFigure, median, must } from '../figure.ts'
import type { Client, Place } from './processes.ts'
import { ROWS, pause, reached, sceneOf } from './scene.ts'

const FLOOD = 20_000
const KINDS = ['floor', 'ours'] as const
type Kind = (typeof KINDS)[number]

interface Crash {
  readonly acked: number
  readonly lost: number
  readonly twice: number
  readonly healedMs: number
}

/** Parts of the flood that are acked when the server is killed, by round. */
const CRASH_PARTS = [0.1, 0.2, 0.3, 0.4, 0.5]

export async function n7(place: Place, settings: Settings): Promise<Figure[]> {
  const flood = scaled(FLOOD, settings)
  const crashes: Record<Kind, Crash[]> = { floor: [], ours: [] }
  for (let round = 0; round < (settings.rounds ?? CRASH_PARTS.length); round++) {
    for (const kind of KINDS) {
      crashes[kind].push(
        await crash(kind, place, { flood, part: CRASH_PARTS[round % CRASH_PARTS.length]! }),
      )
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

async function crash(
  kind: Kind,
  place: Place,
  { flood, part }: { readonly flood: number; readonly part: number },
): Promise<Crash> {
  const scene = await sceneOf(kind, place)
  const { writer, reader, server, data } = scene
  const started = await writer.progress()
  const flooding = writer.flood(1, flood, true)
  await untilAcked(writer, flood * (1 - part))
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
  return { acked: acked.length, lost, twice: Math.abs(seq! - started.seq! - flood), healedMs }
}

/** Lets the flood run until so few of it wait for their ack. */
async function untilAcked(writer: Client, waiting: number): Promise<void> {
  while ((await writer.progress()).waiting > waiting) await pause(1)
}

/** Edits that were acked and that the rows of the witness do not show, nor a later one. */
async function lostAmong(acked: readonly number[], witness: Client): Promise<number> {
  const shown = Object.values(await witness.shown())
  const byRow = new Map(shown.filter((edit) => edit > 0).map((edit) => [edit % ROWS, edit]))
  return acked.filter((edit) => edit > (byRow.get(edit % ROWS) ?? 0)).length
}
