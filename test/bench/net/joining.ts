/** N5: a newcomer in a space with a long history. N6: a client that was away, with changes of its own. */
import { type Settings, scaled } from '../args.ts'
import { type Figure, must, timeFigure } from '../figure.ts'
import type { Joined } from './client.ts'
import { type Client, type Place, freePort } from './processes.ts'
import type { Kind, ServerAddress } from './replica.ts'
import { Measures, ROUNDS, becomesEqual, checkEqual, kindsOf, sceneOf } from './scene.ts'

const NEWCOMER_ROWS = 10_000
/** Changes a row, its creation included: 200,000 of 10,000 rows. */
const HISTORY = 20
/** Changes of one flood, which wait in memory until they are acked. */
const PART = 10_000

const AWAY_CHANGES = 5_000

/** A server with rows and their history, and how to know that one has them. */
interface Space {
  readonly address: ServerAddress
  readonly wanted: {
    readonly rows: number
    readonly seq: number | undefined
    readonly digest: string
  }
  readonly client: Client
}

async function spaceOf(
  kind: Kind,
  place: Place,
  { rows, history, profile }: { rows: number; history: number; profile?: string | undefined },
): Promise<Space> {
  const options = { port: await freePort(), data: place.folder(), profile }
  const { address } = await place.server(kind, options)
  const writer = await place.client(kind, address)
  await writer.fill(rows)
  let first = 1
  for (let left = rows * (history - 1); left > 0; left -= PART) {
    const count = Math.min(PART, left)
    await writer.flood(first, count, false)
    first += count
  }
  const wanted = { ...(await writer.state()), rows }
  writer.process.disconnect()
  return { address, wanted, client: await place.emptyClient(profile) }
}

export async function n5(place: Place, settings: Settings): Promise<Figure[]> {
  const rows = scaled(NEWCOMER_ROWS, settings)
  const kinds = kindsOf(settings)
  const young = new Measures<Joined>(kinds)
  const old = new Measures<Joined>(kinds)
  const sides = new Map<Kind, { readonly young: Space; readonly old: Space }>()
  for (const kind of kinds) {
    const { profile } = settings
    sides.set(kind, {
      young: await spaceOf(kind, place, { rows, history: 1 }),
      old: await spaceOf(kind, place, { rows, history: HISTORY, profile }),
    })
  }
  for (let round = 0; round <= (settings.rounds ?? ROUNDS); round++) {
    for (const kind of kinds) {
      const side = sides.get(kind)!
      for (const [measures, space] of [
        [young, side.young],
        [old, side.old],
      ] as const) {
        const joined = await space.client.newcomer(kind, space.address, space.wanted)
        if (round > 0) measures.add(kind, joined)
      }
    }
  }
  const [count, changes] = [rows, rows * HISTORY].map((value) => value.toLocaleString('en-US'))
  const what = `newcomer: ${count} rows, ${changes} changes of history`
  const times = old.rounds(({ ms, cpuMs }) => ({ ms, cpuMs }))
  const bytes = old.beside({ name: 'N5 bytes', unit: 'B', what: `${what}, bytes` }, (j) => j.down)
  const growth = (of: (joined: Joined) => number): number => {
    const [late, early] = [old, young].map((measures) => measures.beside(NOTHING, of).ours)
    return late! / early!
  }
  return [
    timeFigure({ name: 'N5', what: `${what}, until it has all`, unit: 'ms' }, times),
    bytes,
    grown(
      'N5 grown',
      'time over that of the same rows without a history',
      growth((j) => j.ms),
    ),
    grown(
      'N5 grown bytes',
      'the same for the bytes',
      growth((j) => j.down),
    ),
  ]
}

const NOTHING = { name: '', unit: '', what: '' } as const

function grown(name: string, what: string, ours: number): Figure {
  return { name, what, unit: '', ours, rounds: 1 }
}

interface Back {
  readonly ms: number
  readonly bytes: number
}

/** The one that is away edits every second row, the other one the rest: nothing conflicts. */
export async function n6(place: Place, settings: Settings): Promise<Figure[]> {
  const count = scaled(AWAY_CHANGES, settings)
  const kinds = kindsOf(settings)
  const measures = new Measures<Back>(kinds)
  const sides = new Map<Kind, Awaited<ReturnType<typeof sceneOf>>>()
  for (const kind of kinds) sides.set(kind, await sceneOf(kind, place, settings.profile))
  let first = 1
  for (let round = 0; round <= (settings.rounds ?? ROUNDS); round++) {
    for (const kind of kinds) {
      const { writer, reader } = sides.get(kind)!
      await reader.cut()
      await reader.editHalf(0, first, count)
      await writer.editHalf(1, first + count, count)
      await writer.rest()
      const before = await reader.traffic()
      const { startedAt, endedAt } = await reader.catchUp(first + 2 * count - 1)
      const after = await reader.traffic()
      must(await becomesEqual(writer, reader), `${kind}: replicas differ after the absence`)
      first += 2 * count
      const bytes = after.up + after.down - before.up - before.down
      if (round > 0) measures.add(kind, { ms: endedAt - startedAt, bytes })
    }
  }
  for (const kind of kinds) await checkEqual(kind, sides.get(kind)!, place)
  const changes = count.toLocaleString('en-US')
  const what = `away for ${changes} changes, with ${changes} own`
  const times = measures.rounds((run) => run.ms)
  return [
    timeFigure({ name: 'N6', what: `${what}, until all is seen and acked`, unit: 'ms' }, times),
    measures.beside(
      { name: 'N6 bytes', unit: 'B', what: `${what}, bytes of both ways` },
      (run) => run.bytes,
    ),
  ]
}
