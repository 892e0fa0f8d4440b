/**
 * Values that the reviewer assigns to accepted creations: numbers without gaps, unique names. They
 * are assigned last, when the message can no longer be rejected, so a rejected creation uses no
 * value; and they take effect with the commit, so a crash neither loses nor repeats one.
 */
import { assert } from '../base/assert.ts'
import { type Json, frozenJson } from '../base/json.ts'
import type { Write } from '../history/entry.ts'
import type { Assigned } from '../facts/message.ts'
import { assignedFault } from '../facts/parse.ts'
import type { Entity } from '../schema/entity.ts'
import { type Field } from '../schema/field.ts'
import { fieldFault } from '../schema/field-input.ts'
import type { AnyRow } from '../schema/types.ts'
import type { SpaceRows } from './rows.ts'
import { RuleFailure, answered } from './rules.ts'
import type { DecisionBatch } from './space.ts'

/** The input of an assigner: one field of a row that is created. */
export interface AssignContext {
  /** Name of the type, and of the field to assign. */
  readonly entity: string
  readonly field: string
  /** The created row, without assigned fields. */
  readonly row: AnyRow
  /** All canonical rows of the type and those of this batch, archived ones included. O(rows). */
  readonly rows: () => readonly AnyRow[]
  /** Whether a row has this text or number in the field. O(1). */
  readonly taken: (value: Json) => boolean
  /** The last value assigned to this field; undefined before the first. */
  readonly previous: Json | undefined
}

/** Returns the JSON of one field. Synchronous; when it throws, the message gets no verdict. */
export type Assigner = (context: AssignContext) => Json

/** By type, by field. */
export type Assigners = { readonly [entity: string]: { readonly [field: string]: Assigner } }

/** Assigns 1, 2, 3… without gaps over the accepted creations, starting after the highest existing value. */
export function sequence({ start = 1 }: { readonly start?: number } = {}): Assigner {
  return ({ previous, rows, field }) => {
    if (typeof previous === 'number') return Math.max(previous + 1, start)
    let last = start - 1
    for (const row of rows()) {
      const value = row[field]
      if (typeof value === 'number' && value > last) last = value
    }
    return last + 1
  }
}

const SLUG_CHARS_MAX = 60
const NO_FIELDS: ReadonlySet<string> = new Set()

/** Assigns a URL slug of a text field: lower case, dashes, and a number where the slug is taken. */
export function slug(from: string): Assigner {
  return ({ row, taken, entity }) => {
    const text = typeof row[from] === 'string' ? row[from] : ''
    const plain = text
      .normalize('NFKD')
      .replace(/\p{Mark}+/gu, '')
      .toLowerCase()
      .replace(/[^\p{Letter}\p{Number}]+/gu, '-')
      .replace(/^-+/, '')
    const cut = plain.slice(0, SLUG_CHARS_MAX).replace(/[\ud800-\udbff]$/, '') // no lone surrogate
    const base = cut.replace(/-+$/, '') || entity
    if (!taken(base)) return base
    return `${base}-${firstFree((no) => taken(`${base}-${no}`))}`
  }
}

/** A free number from 2 on, by doubling and binary search. */
function firstFree(isTaken: (no: number) => boolean): number {
  let high = 2
  while (isTaken(high)) high *= 2
  let low = high >> 1
  while (low + 1 < high) {
    const middle = (low + high) >> 1
    if (isTaken(middle)) low = middle
    else high = middle
  }
  return high
}

export interface AssignParts {
  readonly assigners: Assigners
  readonly rows: SpaceRows
  readonly batch: DecisionBatch
  readonly types: ReadonlyMap<string, Entity> | undefined
}

/**
 * The values assigned to the creations of a message, aligned with its writes; undefined when there
 * are none. A second root of an entity gets none: the first keeps its values.
 * @throws RuleFailure
 */
export function assignedTo(
  writes: readonly Write[],
  parts: AssignParts,
): readonly Assigned[] | undefined {
  const { types, batch } = parts
  const isFirst = ({ kind, entityId }: Write): boolean =>
    kind === 'create' && batch.state(entityId) === undefined
  if (!types || !writes.some((write) => fieldsOf(write, types).size > 0 && isFirst(write)))
    return undefined
  const given: Given = { previous: new Map(), taken: new Set() }
  return writes.map((write) => {
    const values: Record<string, Json> = {}
    if (!isFirst(write)) return values
    const type = types.get(write.type)
    assert(type, 'a judged write is of a known type')
    const row = parts.rows.build(write.type, write.entityId, write)
    for (const name of type.assignedFields) {
      const field = type.fieldOf(name)
      assert(field, 'an assigned name is a field')
      const value = assignedValue({ type, field, row }, parts, given)
      values[field.reg] = translated(value, { type, field }, [type.currentVersion, write.version])
    }
    return values
  })
}

/** The values assigned to earlier creations of the same message. */
interface Given {
  readonly previous: Map<string, Json>
  readonly taken: Set<string>
}

interface Place {
  readonly type: Entity
  readonly field: Field
}

/** Calls the assigner. Returns the value in the newest version. */
function assignedValue(
  { type, field, row }: Place & { readonly row: AnyRow },
  { assigners, rows, batch }: AssignParts,
  given: Given,
): Json {
  const at = { type: type.name, field: field.name }
  const key = `${at.type}.${at.field}`
  const assign = assigners[at.type]?.[at.field]
  if (!assign) throw new RuleFailure('assign', `this reviewer has no assigner for ${key}`)
  const nameOf = (value: Json): string => `${key} ${JSON.stringify(value)}`
  const last = batch.lastAssigned(type.name, field.reg)
  const lastValue =
    last && translated(last.value, { type, field }, [last.version, type.currentVersion])
  const context: AssignContext = {
    entity: type.name,
    field: field.name,
    row,
    rows: () => rows.all(type.name, batch),
    taken: (value) => given.taken.has(nameOf(value)) || rows.isTaken(at, value, batch),
    previous: given.previous.get(key) ?? lastValue,
  }
  const value = answered('assign', batch, () => assign(context))
  const fault = valueFault(field, value)
  if (fault) throw new RuleFailure('assign', `${key}: ${fault}`)
  const json = frozenJson(value)
  given.previous.set(key, json)
  given.taken.add(nameOf(json))
  return json
}

/** Translates a value between versions: an assigned value is stored in the version of its write. */
function translated(
  value: Json,
  { type, field }: Place,
  [from, to]: readonly [from: number, to: number],
): Json {
  if (from === to) return value
  const seen = type.lenses.path(field.reg, from, to).translate(value)
  if (seen.kind === 'value') return seen.value
  const why = `${type.name}.${field.name}: the value has no form in version ${to}`
  throw new RuleFailure('assign', why)
}

function valueFault(field: Field, value: unknown): string | undefined {
  return assignedFault({ [field.reg]: value }) ?? fieldFault(field, value as Json)
}

function fieldsOf(write: Write, types: ReadonlyMap<string, Entity>): ReadonlySet<string> {
  return types.get(write.type)?.assignedFields ?? NO_FIELDS
}

/** Why these assigners do not match the types of the deployment; undefined: they do. */
export function assignersFault(
  assigners: Assigners,
  types: ReadonlyMap<string, Entity> | undefined,
): string | undefined {
  for (const [name, fields] of Object.entries(assigners)) {
    const type = types?.get(name)
    if (!type) return `assign names the type ${name}, which is not among the entities`
    const other = Object.keys(fields).find((field) => !type.assignedFields.has(field))
    if (other !== undefined)
      return `assign names ${name}.${other}, which is not declared as assigned`
  }
  return undefined
}
