/** N2: changes as fast as they can be made, and what they cost. N8: the bytes of a change. */
import { type Settings, scaled } from '../args.ts'
import { type Figure, loneFigure, must, rateFigure } from '../figure.ts'
import type { Place } from './processes.ts'
import { type Kind, hasAcks } from './replica.ts'
import {
  Measures,
  type Part,
  ROUNDS,
  type Scene,
  becomesEqual,
  checkEqual,
  cpuMsBy,
  kindsOf,
  reached,
  scenesOf,
} from './scene.ts'

const FLOOD = 20_000
const LONE_EDITS = 100
const KEYSTROKES = 60
const KEYSTROKE_MS = 80

interface FloodRun {
  readonly ms: number
  readonly ackMs: number
  /** Time on the processor, µs a change, by process. */
  readonly cpuUs: Readonly<Record<Part, number>>
  /** Of the reader's time, the part in which it verified signatures, in %. */
  readonly verifyingPercent: number
  readonly up: number
  readonly down: number
}

export async function n2(place: Place, settings: Settings): Promise<Figure[]> {
  const count = scaled(FLOOD, settings)
  const kinds = kindsOf(settings)
  const sides = await scenesOf(place, settings)
  const measures = new Measures<FloodRun>(kinds)
  let first = 1
  for (let round = 0; round <= (settings.rounds ?? ROUNDS); round++) {
    for (const kind of kinds) {
      const run = await flood(kind, sides.get(kind)!, { first, count })
      first += count
      if (round > 0) measures.add(kind, run)
    }
  }
  for (const kind of kinds) await checkEqual(kind, sides.get(kind)!, place)
  const cpu = (part: Part): Figure =>
    measures.beside(
      {
        name: part === 'server' ? 'N2 cpu' : `N2 cpu ${part}`,
        what: `time of the ${part} on the processor, a change`,
        unit: 'µs',
      },
      (run) => run.cpuUs[part],
    )
  const changes = count.toLocaleString('en-US')
  return [
    rateFigure(
      { name: 'N2', what: `${changes} changes, until the reader has all` },
      measures.rounds((run) => run.ms),
      count,
    ),
    rateFigure(
      { name: 'N2 ack', what: 'the same, until all are acked' },
      measures.rounds((run) => run.ackMs),
      count,
    ),
    cpu('server'),
    cpu('writer'),
    cpu('reader'),
    loneFigure(
      {
        name: 'N2 verifying',
        what: 'of the time of the reader on the processor, that for signatures',
        unit: '%',
      },
      measures.of('ours').map((run) => run.verifyingPercent),
    ),
    ...bytesFigures(measures, '', 'a change of the flood'),
  ]
}

function bytesFigures(
  measures: Measures<{ readonly up: number; readonly down: number }>,
  name: string,
  what: string,
): Figure[] {
  const facts = (way: string, of: string) =>
    ({
      name: ['N8', name, way].filter(Boolean).join(' '),
      unit: 'B',
      what: `${what}, ${of}`,
    }) as const
  return [
    measures.beside(facts('up', 'bytes from its author'), (run) => run.up),
    measures.beside(facts('down', 'bytes to a reader'), (run) => run.down),
  ]
}

async function flood(
  kind: Kind,
  scene: Scene,
  { first, count }: { readonly first: number; readonly count: number },
): Promise<FloodRun> {
  const { writer, reader } = scene
  const before = { up: await writer.traffic(), down: await reader.traffic() }
  await reader.verified() // what was verified before is apart
  const cpuBefore = cpuMsBy(scene)
  const seqBefore = (await writer.state()).seq ?? 0
  const arrived = reader.flooded(first, count)
  const { startedAt, ackedAt } = await writer.flood(first, count, false)
  const arrivedAt = await arrived
  const cpuAfter = cpuMsBy(scene)
  const cpuUs = (part: Part): number => ((cpuAfter[part] - cpuBefore[part]) * 1_000) / count
  const verified = await reader.verified()
  must(kind !== 'ours' || verified.count > 0, 'the reader verifies what it takes')
  const after = { up: await writer.traffic(), down: await reader.traffic() }
  const written = await writer.state()
  await reached(reader, written.seq)
  const changes = (written.seq ?? seqBefore + count) - seqBefore
  must(changes === count, `${kind}: ${changes} changes in the order`)
  must(await becomesEqual(writer, reader), `${kind}: writer and reader differ`)
  return {
    ms: arrivedAt - startedAt,
    ackMs: hasAcks(kind) ? ackedAt - startedAt : NaN,
    cpuUs: { writer: cpuUs('writer'), server: cpuUs('server'), reader: cpuUs('reader') },
    verifyingPercent: (verified.cpuMs / (cpuAfter.reader - cpuBefore.reader)) * 100,
    up: (after.up.up - before.up.up) / count,
    down: (after.down.down - before.down.down) / count,
  }
}

interface Bytes {
  readonly up: number
  readonly down: number
}

/** Bytes of edits made one at a time, and of keystrokes; those of a flood are measured by N2. */
export async function n8(place: Place, settings: Settings): Promise<Figure[]> {
  const kinds = kindsOf(settings)
  const sides = await scenesOf(place, settings)
  const lone = new Measures<Bytes>(kinds)
  const typed = new Measures<Bytes>(kinds)
  for (const kind of kinds) {
    const scene = sides.get(kind)!
    const { writer, reader } = scene
    // The first of a session carry its introduction.
    await writer.edits(1, LONE_EDITS)
    const ofEdits = await bytesOf(scene, LONE_EDITS, async () => {
      await writer.edits(1 + LONE_EDITS, LONE_EDITS)
      await reader.seen(2 * LONE_EDITS)
    })
    lone.add(kind, ofEdits)
    typed.add(kind, await bytesOf(scene, KEYSTROKES, () => writer.type(KEYSTROKES, KEYSTROKE_MS)))
    await checkEqual(kind, scene, place)
  }
  return [
    ...bytesFigures(lone, 'lone', 'a lone edit'),
    ...bytesFigures(typed, 'typing', `a keystroke, one each ${KEYSTROKE_MS} ms`),
  ]
}

async function bytesOf(
  { writer, reader }: Scene,
  count: number,
  work: () => Promise<void>,
): Promise<Bytes> {
  const before = { up: await writer.traffic(), down: await reader.traffic() }
  await work()
  await becomesEqual(writer, reader)
  const after = { up: await writer.traffic(), down: await reader.traffic() }
  return {
    up: (after.up.up - before.up.up) / count,
    down: (after.down.down - before.down.down) / count,
  }
}
