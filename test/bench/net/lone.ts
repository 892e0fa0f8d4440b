/** N1: one change at a time, to the reader's row and to its durable ack. */
import type { Settings } from '../args.ts'
import { type Figure, median, must, quantile, timeFigure } from '../figure.ts'
import type { Place } from './processes.ts'
import { hasAcks } from './replica.ts'
import { Measures, ROUNDS, checkEqual, kindsOf, scenesOf } from './scene.ts'

const EDITS = 200

export async function n1(place: Place, settings: Settings): Promise<Figure[]> {
  const kinds = kindsOf(settings)
  const sides = await scenesOf(place, settings)
  const measures = new Measures<{ readonly row: number; readonly ack: number }>(kinds)
  const all: number[] = []
  let first = 1
  for (let round = 0; round <= (settings.rounds ?? ROUNDS); round++) {
    for (const kind of kinds) {
      const { writer, reader } = sides.get(kind)!
      const made = await writer.edits(first, EDITS)
      const { times } = await reader.seen(first + EDITS - 1)
      first += EDITS
      const seen = new Map(times)
      const toRow = made.map(({ edit, startedAt }) => seen.get(edit)! - startedAt)
      // tldraw sends net state: an edit that was overwritten at once need not reach the reader.
      const arrived = toRow.filter(Number.isFinite)
      const isWhole = arrived.length === made.length
      must(isWhole || kind === 'tldraw', `${kind}: an edit never reached the reader`)
      if (round === 0) continue
      const acks = hasAcks(kind) ? made.map(({ startedAt, ackedAt }) => ackedAt - startedAt) : []
      measures.add(kind, { row: median(arrived), ack: median(acks) })
      if (kind === 'ours') all.push(...toRow)
    }
  }
  for (const kind of kinds) await checkEqual(kind, sides.get(kind)!, place)
  const note = `p99 ${quantile(all, 0.99).toFixed(1)} ms`
  const row = "one change to the reader's row, p50"
  const ack = 'one change to its durable ack, p50'
  return [
    timeFigure(
      { name: 'N1 row', what: row, unit: 'ms', note },
      measures.rounds((run) => run.row),
    ),
    timeFigure(
      { name: 'N1 ack', what: ack, unit: 'ms' },
      measures.rounds((run) => run.ack),
    ),
  ]
}
