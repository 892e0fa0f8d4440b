/**
 * What an app gives to `create` and `update`, checked and turned into registers and
 * their JSON. A wrong input throws and changes nothing.
 */
import { CountersignError } from '../base/outcome.ts'
import type { Json } from '../base/json.ts'
import { type Entity, type Field, encodeField } from './entity.ts'
import type { RegSet, RegisterTable } from './registers.ts'

/** The value that unsets a register. There is one such object; compare by identity or `isUnset`. */
export const UNSET: Json = Object.freeze({ $unset: true })

export function isUnset(value: Json | undefined): boolean {
  if (value === UNSET) return true
  return typeof value === 'object' && value !== null && (value as { $unset?: Json }).$unset === true
}

/** Registers a change writes, with their values by register. */
export interface Registers {
  readonly regs: RegSet
  readonly values: Readonly<Record<string, Json>>
}

/** All fields of a new row, defaults applied. */
export function encodeCreate(entity: Entity, table: RegisterTable, input: object): Registers {
  const values: Record<string, Json> = {}
  const given = input as Readonly<Record<string, unknown>>
  for (const key of Object.keys(given)) if (!entity.fieldOf(key)) throw unknownField(entity, key)
  if (entity.each) return encodePatch(entity, table, withoutUndefined(given))
  const names: string[] = []
  for (const field of entity.fields.values()) {
    const json = encoded(entity, field, given[field.name])
    if (json === undefined) continue
    values[field.reg] = json
    names.push(field.reg)
  }
  return { regs: table.set(names.sort()), values }
}

/** The fields a patch touches; `undefined` unsets an optional field. */
export function encodePatch(entity: Entity, table: RegisterTable, patch: object): Registers {
  const values: Record<string, Json> = {}
  const given = patch as Readonly<Record<string, unknown>>
  const names: string[] = []
  for (const key of Object.keys(given)) {
    const field = entity.fieldOf(key)
    if (!field) throw unknownField(entity, key)
    values[field.reg] = encoded(entity, field, given[key]) ?? UNSET
    names.push(field.reg)
  }
  return { regs: table.set(names.length > 1 ? names.sort() : names), values }
}

function withoutUndefined(given: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

function encoded(entity: Entity, field: Field, value: unknown): Json | undefined {
  const result = encodeField(field, value)
  if (result.ok) return result.value
  const code = result.error.code === 'schema_refused' ? 'schema_refused' : 'invalid'
  throw new CountersignError(code, `${entity.name}.${field.name}: ${result.error.message}`, {
    entity: entity.name,
    field: field.name,
    reason: result.error.message,
  })
}

function unknownField(entity: Entity, key: string): CountersignError {
  return new CountersignError('invalid', `${entity.name} has no field ${key}`, {
    entity: entity.name,
    field: key,
    reason: 'no such field',
  })
}
