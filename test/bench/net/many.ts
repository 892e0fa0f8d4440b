/** N3: many writers at once, until all hold the same. N4: one writer, many readers. */
import { type Settings, scaled } from '../args.ts'
import { type Figure, median, must, timeFigure } from '../figure.ts'
import { type Client, type Place, freePort } from './processes.ts'
import type { Kind } from './replica.ts'
import { Measures, kindsOf } from './scene.ts'

const ROUNDS = 3
const WRITERS = 50
const WRITER_CHANGES = 200
const WRITER_ROWS = 1_000
const READERS = 200
const READER_CHANGES = 500
const READER_ROWS = 200

/** A server with rows, a writer, and a process for the crowd. */
interface Hall {
  readonly writer: Client
  readonly crowd: Client
  readonly kind: Kind
  readonly address: { readonly url: string; readonly space: string }
}

async function hallOf(kind: Kind, place: Place, rows: number, profile?: string): Promise<Hall> {
  const options = { port: await freePort(), data: place.folder(), profile }
  const { address } = await place.server(kind, options)
  const writer = await place.client(kind, address, profile)
  await writer.fill(rows)
  return { writer, crowd: await place.emptyClient(profile), kind, address }
}

export async function n3(place: Place, settings: Settings): Promise<Figure[]> {
  const changes = scaled(WRITER_CHANGES, settings)
  const kinds = kindsOf(settings)
  const halls: Hall[] = []
  for (const kind of kinds) {
    const hall = await hallOf(kind, place, WRITER_ROWS, settings.profile)
    await hall.crowd.crowd(kind, hall.address, WRITERS, WRITER_ROWS)
    halls.push(hall)
  }
  const measures = new Measures<number>(kinds)
  let first = 1
  for (let round = 0; round <= (settings.rounds ?? ROUNDS); round++) {
    for (const { kind, crowd } of halls) {
      const { startedAt, endedAt } = await crowd.writeEach(first, changes)
      first += WRITERS * changes
      if (round > 0) measures.add(kind, endedAt - startedAt)
    }
  }
  const what = `${WRITERS} writers, ${changes} changes each, until all hold the same`
  const rounds = measures.rounds((ms) => ms)
  return [timeFigure({ name: 'N3', what, unit: 'ms' }, rounds)]
}

export async function n4(place: Place, settings: Settings): Promise<Figure[]> {
  const changes = scaled(READER_CHANGES, settings)
  const shown = await toReaders(place, settings, { changes, isRaw: false })
  const raw = await toReaders(place, { ...settings, peers: false }, { changes, isRaw: true })
  const what = `${changes} changes to ${READERS} readers`
  return [
    timeFigure(
      { name: 'N4 socket', what: `${what}, until the last is at every socket`, unit: 'ms' },
      raw.rounds((run) => run),
    ),
    timeFigure(
      { name: 'N4', what: `${what}, until verified and shown by all`, unit: 'ms' },
      shown.rounds((run) => run),
    ),
  ]
}

async function toReaders(
  place: Place,
  settings: Settings,
  { changes, isRaw }: { readonly changes: number; readonly isRaw: boolean },
): Promise<Measures<number>> {
  const kinds = kindsOf(settings)
  const measures = new Measures<number>(kinds)
  for (const kind of kinds) {
    const hall = await hallOf(kind, place, READER_ROWS, settings.profile)
    const { crowd, writer, address } = hall
    if (isRaw) await crowd.rawCrowd(kind, address, READERS)
    else await crowd.crowd(kind, address, READERS, READER_ROWS)
    const times: number[] = []
    // Large enough that no other number contains it.
    let first = 100_000_001
    for (let round = 0; round <= (settings.rounds ?? ROUNDS); round++) {
      const marked = crowd.markAll(first + changes - 1)
      const { startedAt } = await writer.flood(first, changes, false)
      times.push((await marked) - startedAt)
      first += changes
    }
    must(times.every(Number.isFinite), `${kind}: a reader never had the last change`)
    for (const ms of times.slice(1)) measures.add(kind, ms)
    writer.process.disconnect()
    crowd.process.disconnect()
  }
  return measures
}

/** The time of a crowd of so many readers, for the growth table. */
export async function readersMs(
  place: Place,
  settings: Settings,
  readers: number,
): Promise<number> {
  const { crowd, writer, address } = await hallOf('ours', place, READER_ROWS)
  await crowd.crowd('ours', address, readers, READER_ROWS)
  const changes = scaled(READER_CHANGES, settings)
  const times: number[] = []
  let first = 100_000_001
  for (let round = 0; round <= ROUNDS; round++) {
    const marked = crowd.markAll(first + changes - 1)
    const { startedAt } = await writer.flood(first, changes, false)
    times.push((await marked) - startedAt)
    first += changes
  }
  writer.process.disconnect()
  crowd.process.disconnect()
  return median(times.slice(1))
}
