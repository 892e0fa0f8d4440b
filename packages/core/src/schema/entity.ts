/**
 * Entity types as the app declares them: `entity(name, shape)`, its indexes and its
 * policy for ids. A declaration is immutable data; it holds no rows. It says which
 * fields there are and whether a value fits one; what a value means to the fold is
 * no business of this file.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { CountersignError, type Outcome, fail, ok } from '../base/outcome.ts'
import { type Json, frozenJson, isForbiddenKey, jsonEqual, jsonFault } from '../base/json.ts'
import { type Codec, type FieldSchema, optional } from './codec.ts'
import {
  type FieldPolicies,
  NO_POLICIES,
  type Policies,
  type RowPolicies,
  policiesWith,
} from './policies.ts'
import type { Reg } from './registers.ts'

/** The shape of a type: a `z.object`, or a record of fields, each a synchronous Standard Schema. */
export type FieldShapes = { readonly [field: string]: FieldSchema<any, any> }
export type ObjectShape = StandardSchemaV1<any, any> & { readonly shape: object }

type OptionalKeys<T> = { [K in keyof T]-?: undefined extends T[K] ? K : never }[keyof T]
type Loosen<T> = { [K in Exclude<keyof T, OptionalKeys<T>>]: T[K] } & {
  [K in OptionalKeys<T>]?: T[K]
}
type Flat<T> = { [K in keyof T]: T[K] }

export type ShapeInput<S> = S extends ObjectShape
  ? Flat<StandardSchemaV1.InferInput<S>>
  : S extends EachKey<infer V>
    ? { [key: string]: V }
    : S extends FieldShapes
      ? Flat<Loosen<{ [K in keyof S]: StandardSchemaV1.InferInput<S[K]> }>>
      : never

export type ShapeOutput<S> = S extends ObjectShape
  ? Flat<StandardSchemaV1.InferOutput<S>>
  : S extends EachKey<infer V>
    ? { [key: string]: V }
    : S extends FieldShapes
      ? Flat<Loosen<{ [K in keyof S]: StandardSchemaV1.InferOutput<S[K]> }>>
      : never

/** A shape without a fixed list of fields: a register for each key, all of one schema. */
export interface EachKey<V> {
  readonly '~each': FieldSchema<V, V>
}

/** A type whose fields are not known in advance: each key is a register of its own. */
export function eachKey<V>(schema: StandardSchemaV1<V, V>): EachKey<V> {
  return { '~each': schema }
}

/** One field of a declared type. */
export interface Field {
  readonly name: string
  readonly reg: Reg
  readonly schema: FieldSchema
  readonly codec: Codec<unknown> | undefined
}

/** A field to sort by; `-` before its name turns the order round. */
export interface SortKey {
  readonly field: string
  readonly descending: boolean
}

export interface EntityOptions {
  /**
   * `minted` (default): the store makes ids, and nobody else can make the same. `supplied`:
   * the app may give one, for imports and natural singletons.
   */
  readonly idPolicy?: 'minted' | 'supplied'
  /** What a second `create` of one supplied id does: `refuse` (default) or stand beside the first. */
  readonly onExists?: 'refuse' | 'fork'
  /** A rule across fields: a sentence about what is wrong, or undefined. Runs on the row after a write. */
  readonly rule?: (row: Readonly<Record<string, unknown>>) => string | undefined
  /**
   * What a reviewer does with an update that has not seen the newest change of its row: `fork`
   * (default) accepts it beside that change, `reject` refuses it as `stale`.
   */
  readonly stale?: 'fork' | 'reject'
}

/** Facts of a declaration beyond its name and fields. */
interface Details {
  readonly whole: StandardSchemaV1 | undefined
  readonly indexes: ReadonlyMap<string, readonly SortKey[]>
  readonly options: EntityOptions
  readonly policies: Policies
  readonly assigned: ReadonlySet<string>
}

const NO_FIELDS: ReadonlySet<string> = new Set()

type SortableName<Out> =
  | (keyof Out & string)
  | '$orderKey'
  | '$createdOrderKey'
  | '$timestamp'
  | '$author'

/** A declared type. `In` and `Out` are what `create` takes and what a row shows. */
export class Entity<
  Name extends string = string,
  In extends object = any,
  Out extends object = any,
> {
  readonly name: Name
  /** Newest version this build knows and writes in. */
  readonly version: number = 1
  readonly fields: ReadonlyMap<string, Field>
  /** The schema of every key, where the type has no fixed fields. */
  readonly each: FieldSchema | undefined
  /** The schema of all fields at once, where the app gave one: quicker than field by field. */
  readonly whole: StandardSchemaV1 | undefined
  readonly indexes: ReadonlyMap<string, readonly SortKey[]>
  readonly options: EntityOptions
  /** What several values of one field mean. */
  readonly policies: Policies
  /** Fields whose values the reviewer gives when it accepts the creation. */
  readonly assigned: ReadonlySet<string>
  declare readonly '~input': In
  declare readonly '~output': Out

  constructor(
    name: Name,
    fields: ReadonlyMap<string, Field>,
    each: FieldSchema | undefined,
    details: Details,
  ) {
    this.name = name
    this.fields = fields
    this.each = each
    this.whole = details.whole
    this.indexes = details.indexes
    this.options = details.options
    this.policies = details.policies
    this.assigned = details.assigned
  }

  /** Declares an index: sorted by these fields, ties by id. Queries that fit it open without a scan. */
  index(
    name: string,
    keys: readonly (SortableName<Out> | `-${SortableName<Out>}`)[],
  ): Entity<Name, In, Out> {
    if (keys.length === 0) refuse(this.name, `index ${name} names no field`)
    const sorted = keys.map(parseSortKey)
    for (const { field } of sorted) {
      const meta = ['$orderKey', '$createdOrderKey', '$timestamp', '$author'].includes(field)
      if (!meta && !this.fieldOf(field))
        refuse(this.name, `index ${name} names no field of it: ${field}`)
    }
    return this.#with({ indexes: new Map(this.indexes).set(name, Object.freeze(sorted)) })
  }

  /**
   * Declares what several values of a field mean, and of the whole row. Undeclared fields ask:
   * two different values are a conflict until somebody resolves it.
   */
  conflicts(
    fields: FieldPolicies<Out>,
    row: Partial<RowPolicies> = {},
  ): Entity<Name, In, Out> {
    for (const name of Object.keys(fields)) {
      if (!this.fieldOf(name)) refuse(this.name, `conflicts name no field of it: ${name}`)
    }
    return this.#with({ policies: policiesWith(this.policies, fields, row) })
  }

  #with(changed: Partial<Details>): Entity<Name, In, Out> {
    const { whole, indexes, options, policies, assigned } = this
    const details = { whole, indexes, options, policies, assigned, ...changed }
    return new Entity(this.name, this.fields, this.each, details)
  }

  /** The field of that name, or undefined when the type has none. */
  fieldOf(name: string): Field | undefined {
    const known = this.fields.get(name)
    if (known || !this.each || nameFault(name)) return known
    // Any key may be absent, whatever its schema says of a value.
    return { name, reg: name, schema: optional(this.each), codec: this.each['~codec'] }
  }
}

/** `'-points'` as data. */
export function parseSortKey(key: string): SortKey {
  return key.startsWith('-')
    ? { field: key.slice(1), descending: true }
    : { field: key, descending: false }
}

/**
 * Declares a type.
 * @throws CountersignError `schema_refused` for names that are taken (`id`, `$...`), async schemas,
 *   and objects with rules across fields (give those as `options.rule`).
 */
export function entity<Name extends string, S extends ObjectShape | FieldShapes | EachKey<any>>(
  name: Name,
  shape: S,
  options: EntityOptions = {},
): Entity<Name, ShapeInput<S>, ShapeOutput<S>> {
  if (!/^[a-zA-Z][\w.-]{0,63}$/.test(name) && name !== '$schema') {
    refuse(name, 'a type is named by 1 to 64 letters, digits, dots, dashes, a letter first')
  }
  const whole = '~standard' in shape ? (shape as StandardSchemaV1) : undefined
  const more = {
    whole,
    indexes: new Map(),
    options: Object.freeze({ ...options }),
    policies: NO_POLICIES,
    assigned: NO_FIELDS,
  }
  if ('~each' in shape) return new Entity(name, new Map(), shape['~each'] as FieldSchema, more)
  const fields = new Map<string, Field>()
  for (const [field, schema] of Object.entries(fieldShapes(name, shape))) {
    const fault = nameFault(field)
    if (fault) refuse(name, `field ${field}: ${fault}`)
    if (typeof schema?.['~standard']?.validate !== 'function') {
      refuse(name, `field ${field} is not a Standard Schema`)
    }
    fields.set(field, {
      name: field,
      reg: field,
      schema,
      codec: schema['~codec'] as Codec<unknown> | undefined,
    })
  }
  return new Entity(name, fields, undefined, more)
}

function fieldShapes(name: string, shape: ObjectShape | FieldShapes): Record<string, FieldSchema> {
  if (!('~standard' in shape)) return shape as Record<string, FieldSchema>
  const object = shape as ObjectShape & { def?: { checks?: readonly unknown[] } }
  if (typeof object.shape !== 'object') refuse(name, 'a shape is a z.object or a record of fields')
  if (object.def?.checks?.length) {
    refuse(name, 'its shape has rules across fields; give them as the option `rule`')
  }
  return object.shape as Record<string, FieldSchema>
}

function nameFault(name: string): string | undefined {
  if (name === 'id' || name.startsWith('$')) return 'this name is taken'
  if (isForbiddenKey(name) || name.includes('\u0000')) return 'this name is refused'
  if (name.length === 0 || name.length > 256 || !name.isWellFormed())
    return 'a name has 1 to 256 characters'
  return undefined
}

function refuse(entityName: string, why: string): never {
  throw new CountersignError('schema_refused', `${entityName}: ${why}`, {
    entity: entityName,
    reason: why,
  })
}

/**
 * The JSON of a field's value, checked by its schema and by the bounds of a value, or
 * undefined where an optional field is absent. The JSON is the library's own frozen copy.
 */
export function encodeField(field: Field, value: unknown): Outcome<Json | undefined> {
  const checked = validated(field.schema, value)
  if (!checked.ok || checked.value === undefined) return checked as Outcome<undefined>
  return jsonOf(field, checked.value)
}

/** The same of a value that its schema has passed already. */
export function jsonOf(field: Field, value: unknown): Outcome<Json> {
  const json = field.codec ? field.codec.encode(value) : (value as Json)
  const fault = jsonFault(json)
  if (fault) return fail('invalid', fault)
  if (typeof json !== 'object' || json === null) return ok(json === 0 ? 0 : json)
  if (!Array.isArray(json) && Object.keys(json).some((key) => key.startsWith('$'))) {
    return fail('invalid', 'an object cannot have a key that starts with $')
  }
  return ok(frozenJson(json))
}

/** The value a row shows for stored JSON: decoded where the field has a codec that can. */
export function decodeField(field: Field | undefined, json: Json): unknown {
  if (!field?.codec) return json
  try {
    return field.codec.decode(json) ?? json
  } catch {
    return json // an app's codec must not keep a row from being shown
  }
}

/** Whether stored JSON is a valid value of the field. Never throws. */
export function fieldFault(field: Field, json: Json | undefined): string | undefined {
  const value = json === undefined ? undefined : decodeField(field, json)
  try {
    const checked = validated(field.schema, value)
    return checked.ok ? undefined : checked.error.message
  } catch (error) {
    return `its schema throws: ${error instanceof Error ? error.message : String(error)}`
  }
}

function validated(schema: FieldSchema, value: unknown): Outcome<unknown> {
  const result = schema['~standard'].validate(value)
  if ('then' in result) {
    // Some libraries try again asynchronously when a check throws; nobody waits for that here.
    result.then(undefined, () => {})
    return fail('schema_refused', 'its schema is asynchronous, or throws')
  }
  if (result.issues) return fail('invalid', result.issues[0]?.message ?? 'refused by its schema')
  if (result.value === value || value === undefined) return ok(result.value)
  // A schema may tidy a value (trim), but what it made must pass it unchanged: otherwise a
  // stored value would not validate when it is read, and two replicas could disagree.
  const again = schema['~standard'].validate(result.value)
  if ('then' in again || again.issues || !sameValue(again.value, result.value)) {
    return fail('schema_refused', 'its schema transforms the value; use a codec')
  }
  return ok(result.value)
}

function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  return jsonFault(a) === undefined && jsonFault(b) === undefined && jsonEqual(a as Json, b as Json)
}
