/**
 * The keys of a stored page: of each of its rows the id, whether it is archived, and the values of
 * the fields that declared indexes sort by. They are written with the page and read before it, so
 * that a query on an index knows which pages have its first rows.
 *
 * They describe the canonical rows as a reader with the same declaration shows them; `signature`
 * identifies the parts of the declaration that decide it. A row in conflict, or whose values have
 * no short JSON, is described by its id only.
 */
import { canonical } from '../../base/canonical.ts'
import { checksum } from '../../base/checksum.ts'
import type { Json } from '../../base/json.ts'
import type { Uuid } from '../../base/uuid.ts'
import { isInConflict } from '../../fold/row.ts'
import type { EntityState } from '../../fold/state.ts'
import type { PageKeys } from '../../ports/storage.ts'
import type { KnownRow } from '../../query/absent.ts'
import { compareValues } from '../../query/compare.ts'
import type { Table } from '../../rows/table.ts'
import { type Field, decodeField } from '../../schema/field.ts'
import { chainData } from '../../schema/lens/data.ts'
import type { Lenses } from '../../schema/lens/path.ts'
import type { AnyRow } from '../../schema/types.ts'
import { isUnreadable } from '../../schema/unreadable.ts'
import { parsed } from './sound-state.ts'

/** A longer value is not repeated in the keys. */
const VALUE_CHARS_MAX = 128
const ID_CHARS = 36

/** The rows of one type on one page. */
export interface KeyedRows {
  readonly type: string
  readonly signature: string
  readonly ids: readonly Uuid[]
  /** Indexes of rows that are described by their id only. */
  readonly opaque: readonly number[]
  /** Indexes of archived rows. */
  readonly archived: readonly number[]
  /** By field: its values, and the indexes of rows without one. */
  readonly fields: Readonly<
    Record<string, readonly [values: readonly Json[], none: readonly number[]]>
  >
}

/** The keys of one page. */
export interface StoredKeys {
  /** The checksum of the page that they describe. */
  readonly of: string
  readonly types: readonly KeyedRows[]
}

/** Rows of one type, in canonical states. */
export interface RowsToKey {
  readonly table: Table
  readonly rows: readonly { readonly id: Uuid; readonly state: EntityState }[]
}

/** The keys of a page with that checksum, whose rows are these. */
export function keysOf(of: string, types: readonly RowsToKey[]): PageKeys {
  const text = JSON.stringify({ of, types: types.map(keyed) })
  return { text, check: checksum(text) }
}

/** Reads keys; undefined where they are damaged. */
export function readKeys(stored: PageKeys): StoredKeys | undefined {
  const { text, check } = Object(stored) as Partial<PageKeys>
  if (typeof text !== 'string' || checksum(text) !== check) return undefined
  const { of, types } = Object(parsed(text)) as { readonly [K in keyof StoredKeys]?: unknown }
  if (typeof of !== 'string' || !Array.isArray(types)) return undefined
  const read = types.flatMap((each) => readRows(each) ?? [])
  return read.length === types.length ? { of, types: read } : undefined
}

function readRows(stored: unknown): KeyedRows | undefined {
  const { type, signature, ids, opaque, archived, fields } = Object(stored) as {
    readonly [K in keyof KeyedRows]?: unknown
  }
  if (typeof type !== 'string' || typeof signature !== 'string' || typeof ids !== 'string')
    return undefined
  const count = ids.length / ID_CHARS
  const isPlaces = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((at) => Number.isSafeInteger(at) && at >= 0 && at < count)
  const described = Object.values(Object(fields) as Record<string, unknown>)
  const isSound = (field: unknown): boolean =>
    Array.isArray(field) &&
    Array.isArray(field[0]) &&
    field[0].length === count &&
    isPlaces(field[1])
  if (!isPlaces(opaque) || !isPlaces(archived) || !described.every(isSound)) return undefined
  const known = fields as KeyedRows['fields'] // each was checked
  return { type, signature, ids: idsIn(ids), opaque, archived, fields: known }
}

/** The described rows of a page. */
export function rowsOf(
  { ids, opaque, archived, fields }: KeyedRows,
  { entity }: Table,
): readonly KnownRow[] {
  const rows = ids.map((id): Record<string, unknown> => ({ id, $archived: false }))
  for (const at of archived) rows[at]!['$archived'] = true
  for (const [name, [values, none]] of Object.entries(fields)) {
    const field = entity.fieldOf(name)
    const isPlain = !field?.codec
    for (const [at, value] of values.entries())
      rows[at]![name] = isPlain ? value : decodeField(field, value)
    for (const at of none) rows[at]![name] = undefined
  }
  const left = new Set(opaque)
  return (left.size > 0 ? rows.filter((_, at) => !left.has(at)) : rows) as unknown as KnownRow[]
}

/**
 * The fields that keys describe: those of the declared indexes, but for values that a function of
 * the app decides, which may be another one in the next build.
 */
export function keyFields({ entity }: Table): ReadonlySet<string> {
  const names = [...entity.indexes.values()].flat().map(({ field }) => field)
  return new Set(
    names.filter((name) => {
      const field = entity.fieldOf(name)
      const policy = field && entity.policies.fields.get(field.reg)
      return !field?.merging?.fold && typeof policy !== 'function'
    }),
  )
}

const signatures = new WeakMap<Table, { readonly lenses: Lenses; readonly text: string }>()

/** Identifies the parts of the declaration that decide the keys of a row of this type. */
export function signatureOf(table: Table): string {
  const { entity, reader } = table
  const known = signatures.get(table)
  if (known?.lenses === reader.lenses) return known.text
  const { scope, archived } = entity.policies
  const fields = [...keyFields(table)].map((name): Json => {
    const field = entity.fieldOf(name)
    const policy = field && entity.policies.fields.get(field.reg)
    return [
      name,
      field?.reg ?? null,
      (policy as string | undefined) ?? null,
      field?.merging?.initial ?? null,
    ]
  })
  const text = checksum(
    canonical([fields, scope, archived, entity.currentVersion, chainData(reader.lenses.chain)]),
  )
  signatures.set(table, { lenses: reader.lenses, text })
  return text
}

function keyed({ table, rows }: RowsToKey): Json {
  const names = [...keyFields(table)]
  const described = names.map((name) => ({ name, values: [] as Json[], none: [] as number[] }))
  const opaque: number[] = []
  const archived: number[] = []
  for (const [at, { id, state }] of rows.entries()) {
    const row = table.rowOf(id, state)
    const values = isInConflict(row) ? undefined : valuesOf(row, names, table)
    if (!values) opaque.push(at)
    if (row.$archived) archived.push(at)
    for (const [i, { values: all, none }] of described.entries()) {
      const value = values?.[i]
      all.push(value ?? null)
      if (value === undefined) none.push(at)
    }
  }
  return {
    ...{ type: table.entity.name, signature: signatureOf(table), opaque, archived },
    ids: rows.map(({ id }) => id).join(''),
    fields: Object.fromEntries(described.map(({ name, values, none }) => [name, [values, none]])),
  }
}

/** undefined where a value has no short JSON. */
function valuesOf(
  row: AnyRow,
  names: readonly string[],
  { entity }: Table,
): readonly (Json | undefined)[] | undefined {
  const values: (Json | undefined)[] = []
  for (const name of names) {
    const value = row[name]
    if (value === undefined) {
      values.push(undefined)
      continue
    }
    if (isUnreadable(value)) return undefined
    const json = jsonOf(value, entity.fieldOf(name))
    if (json === undefined || lengthOf(json) > VALUE_CHARS_MAX) return undefined
    values.push(json)
  }
  return values
}

/** The JSON of which `decodeField` makes this value; undefined where there is none. */
function jsonOf(value: unknown, field: Field | undefined): Json | undefined {
  if (!field?.codec) return value as Json
  try {
    const json = field.codec.encode(value)
    return compareValues(decodeField(field, json), value) === 0 ? json : undefined
  } catch {
    return undefined // a value that the codec did not decode is shown as it is stored
  }
}

function lengthOf(json: Json): number {
  if (typeof json === 'string') return json.length
  return typeof json === 'object' ? JSON.stringify(json).length : 0
}

function idsIn(text: string): readonly Uuid[] {
  const ids: Uuid[] = []
  for (let at = 0; at < text.length; at += ID_CHARS) ids.push(text.slice(at, at + ID_CHARS))
  return ids
}
