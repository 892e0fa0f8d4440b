/**
 * Input of `create` and `update`: validated and encoded as registers with their JSON. A wrong
 * input throws and changes nothing.
 */
import { CountersignError, type Outcome } from '../base/outcome.ts'
import type { Json } from '../base/json.ts'
import type { Entity } from './entity.ts'
import { type Field, jsonOf } from './field.ts'
import { encodeField } from './field-input.ts'
import { ARCHIVED, type RegSet, type RegisterTable } from './registers.ts'
import { orUnset } from './unset.ts'

/** The registers that a change writes, with their values by register. */
export interface Registers {
  readonly regs: RegSet
  readonly values: Readonly<Record<string, Json>>
}

/** All fields of a new row, defaults applied. */
export function encodeCreate(entity: Entity, table: RegisterTable, input: object): Registers {
  const values: Record<string, Json> = {}
  const given = input as Readonly<Record<string, unknown>>
  for (const key of Object.keys(given)) writable(entity, key)
  if (entity.each && Object.values(given).some((value) => value !== undefined))
    return encodePatch(entity, table, withoutUndefined(given))
  const passed = passedWhole(entity, given)
  const names: string[] = []
  for (const field of entity.fields.values()) {
    if (entity.assignedFields.has(field.name)) continue
    const value = given[field.name]
    // A value that the whole schema left unchanged is valid; defaults and normalized values are checked.
    const json =
      passed !== undefined && passed[field.name] === value && value !== undefined
        ? unwrap(entity, field, jsonOf(field, value))
        : unwrap(entity, field, encodeField(field, value))
    if (json === undefined) continue
    values[field.reg] = json
    names.push(field.reg)
  }
  // A change writes at least one register. `$archived: false` repeats the default, so it changes
  // nothing.
  if (names.length === 0) return { regs: table.set([ARCHIVED]), values: { [ARCHIVED]: false } }
  const { declared } = table
  const full = names.length === entity.fields.size
  return { regs: full ? declared : table.set(names.sort()), values }
}

/** The output of the schema of all fields; undefined where it is asynchronous or reports issues. */
function passedWhole(
  entity: Entity,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> | undefined {
  const result = entity.whole?.['~standard'].validate(given)
  if (result === undefined) return undefined
  if ('then' in result) {
    result.then(undefined, () => {}) // validated field by field instead
    return undefined
  }
  return result.issues ? undefined : (result.value as Readonly<Record<string, unknown>>)
}

/** The registers of a patch; `undefined` unsets an optional field. */
export function encodePatch(entity: Entity, table: RegisterTable, patch: object): Registers {
  const values: Record<string, Json> = {}
  const given = patch as Readonly<Record<string, unknown>>
  const names = Object.keys(given).map((key) => {
    const field = writable(entity, key)
    if (field.merging && given[key] === undefined) throw noValue(entity, field)
    values[field.reg] = orUnset(unwrap(entity, field, encodeField(field, given[key])))
    return field.reg
  })
  return { regs: table.set(names.length > 1 ? names.sort() : names), values }
}

/** The registers of a patch that may also archive or unarchive the row. */
export function encodeDecision(
  entity: Entity,
  table: RegisterTable,
  { [ARCHIVED]: archived, ...fields }: Readonly<Record<string, unknown>>,
): Registers {
  for (const key of Object.keys(fields)) {
    const field = entity.fieldOf(key)
    if (field?.merging) throw noValue(entity, field)
  }
  const { regs, values } = encodePatch(entity, table, fields)
  if (archived === undefined) return { regs, values }
  if (typeof archived !== 'boolean') {
    throw new CountersignError(
      'invalid',
      `${entity.name}: a row is archived or not: true or false`,
      {
        entity: entity.name,
        field: ARCHIVED,
      },
    )
  }
  const names = [...regs.names, ARCHIVED].sort()
  return { regs: table.set(names), values: { ...values, [ARCHIVED]: archived } }
}

function withoutUndefined(given: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

/** The field of that name, if the app may write it; throws otherwise. */
function writable(entity: Entity, key: string): Field {
  const field = entity.fieldOf(key)
  if (!field) throw unknownField(entity, key)
  if (!entity.assignedFields.has(key)) return field
  throw new CountersignError('invalid', `${entity.name}.${key} is assigned by the reviewer`, {
    entity: entity.name,
    field: key,
    reason: 'assigned by the reviewer',
  })
}

function unwrap<T>(entity: Entity, field: Field, result: Outcome<T>): T {
  if (result.ok) return result.value
  const code = result.error.code === 'schema_refused' ? 'schema_refused' : 'invalid'
  throw new CountersignError(code, `${entity.name}.${field.name}: ${result.error.message}`, {
    entity: entity.name,
    field: field.name,
    reason: result.error.message,
  })
}

function noValue({ name: entity }: Entity, { name: field }: Field): CountersignError {
  const why = 'its writes are operations; it is never unset, and never in conflict'
  return new CountersignError('invalid', `${entity}.${field}: ${why}`, {
    entity,
    field,
    reason: why,
  })
}

function unknownField(entity: Entity, key: string): CountersignError {
  return new CountersignError('invalid', `${entity.name} has no field ${key}`, {
    entity: entity.name,
    field: key,
    reason: 'no such field',
  })
}
