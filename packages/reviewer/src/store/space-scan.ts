/** Reads states of a snapshot of a space's file: all of them, those of a type, or those with certain keys. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { utf8Bytes } from '@countersign/core/ports'
import type { Bytes, ScanTables, StateKeyRange, StateText, Stored } from '@countersign/core/ports'
import { checkRow, textOf } from './row.ts'

export interface StateRow {
  readonly no: number
  readonly entity: string
  readonly type: string
  readonly seq: number
  readonly sum: string
  readonly text: string
}

export interface Behind {
  readonly through: number
  readonly entities: number
}

const ROW = 'no, entity, type, seq, sum, text'
export const STATE: string = `select ${ROW} from states`
export const READ_BEHIND: string = 'select through, entities, sum from behind'

type Place = readonly (string | number)[]

/** Reads rows after a place, until the bytes are used up; undefined after the last one. */
function pageOf<R extends StateRow>(
  rows: Iterable<unknown>,
  bytesMax: number,
  into: Stored<StateText>[],
): { readonly last: R | undefined; readonly left: number | undefined } {
  let last: R | undefined
  let left = bytesMax
  for (const found of rows) {
    const row = found as R
    left -= utf8Bytes(row.text)
    if (left < 0 && into.length > 0) return { last, left: undefined }
    into.push(stateOf(row))
    last = row
  }
  return { last, left }
}

/** A scan in the order of creation. Closes the database. */
export function scanOf(
  db: DatabaseSync,
  { through, entities }: Behind,
  type: string | undefined,
): ScanTables {
  const which = type === undefined ? 'no > ?' : 'type = ? and no > ?'
  const statement = db.prepare(`${STATE} where ${which} order by no`)
  const page = (after: string | undefined, bytesMax: Bytes): ReturnType<ScanTables['page']> => {
    const states: Stored<StateText>[] = []
    const from = Number(after ?? 0)
    const place = type === undefined ? [from] : [type, from]
    const { last, left } = pageOf(statement.iterate(...place), bytesMax, states)
    return { states, next: left === undefined ? String(last?.no ?? from) : undefined }
  }
  return { through, entities, page, close: () => db.close() }
}

/**
 * First the states with the keys, then those whose keys were made in ways before this one, then those
 * of ways after it. Nothing else of the type is read.
 */
export function keyedScan(
  db: DatabaseSync,
  { through, entities }: Behind,
  { type, way, from: first, to }: StateKeyRange & { readonly type: string },
): ScanTables {
  const withKey = db.prepare(`
    select s.no, s.entity, s.type, s.seq, s.sum, s.text, k.key from keys k
    cross join states s on s.no = k.entity_no
    where k.type = ? and (k.key, k.entity_no) > (?, ?) and k.key < ? and s.way = ?
    order by k.key, k.entity_no`)
  const before = db.prepare(`
    select ${ROW}, way from states
    where type = ? and way < ? and (way, no) > (?, ?) order by way, no`)
  const behind = db.prepare(`
    select ${ROW}, way from states
    where type = ? and way > ? and (way, no) > (?, ?) order by way, no`)
  const phases: readonly (readonly [StatementSync, (place: Place) => Place, Place])[] = [
    [withKey, ([key, no]) => [type, key ?? first, no ?? -1, to, way], [first, -1]],
    [before, ([its, no]) => [type, way, its ?? '', no ?? 0], ['', 0]],
    [behind, ([its, no]) => [type, way, its ?? '', no ?? 0], [way, Number.MAX_SAFE_INTEGER]],
  ]
  const page = (after: string | undefined, bytesMax: Bytes): ReturnType<ScanTables['page']> => {
    const states: Stored<StateText>[] = []
    const begun = after === undefined ? [0] : (JSON.parse(after) as [number, ...Place])
    let [phase, ...place] = begun as [number, ...Place]
    let bytes: number = bytesMax
    for (; phase < phases.length; phase++) {
      const [statement, given, start] = phases[phase]!
      const from = place.length > 0 ? place : start
      const found = pageOf<StateRow & { readonly way?: string; readonly key?: string }>(
        statement.iterate(...given(from)),
        bytes,
        states,
      )
      if (found.left === undefined) {
        const { last } = found
        const at = last ? [(phase === 0 ? last.key : last.way) ?? '', last.no] : from
        return { states, next: JSON.stringify([phase, ...at]) }
      }
      bytes = found.left
      place = []
    }
    return { states, next: undefined }
  }
  return { through, entities, page, close: () => db.close() }
}

/** The position of the states. @throws StoreError `corrupt` */
export function behindOf(read: StatementSync): Behind {
  const row = read.get() as (Behind & { readonly sum: string }) | undefined
  if (row === undefined) return { through: 0, entities: 0 }
  checkRow(behindKey(row.through, row.entities), row.sum, '')
  return { through: row.through, entities: row.entities }
}

/** A row, with a fault instead of its text where it is damaged. */
export function stateOf(row: StateRow): Stored<StateText> {
  const { entity, type, seq, sum, text } = row
  return { entity, type, seq, text: textOf(stateKey(row), sum, text) }
}

export const behindKey = (through: number, entities: number): string =>
  `the position of the states (through ${through}, ${entities} entities)`
export const stateKey = ({ entity, type, seq }: Omit<StateText, 'text'>): string =>
  `the state of entity ${entity} (${type}, seq ${seq})`
