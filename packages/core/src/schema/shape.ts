/** The shape of a type as the app declares it, and the row types that follow from it. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { CountersignError } from '../base/outcome.ts'
import { nameFault } from './lens/names.ts'
import type { Codec, FieldSchema } from './codec.ts'
import type { Field } from './field.ts'
import { unkeepable } from './keepable.ts'
import { REGISTERS_MAX, type Reg } from './registers.ts'

/** The shape of a type: a `z.object`, or a record of fields, each a synchronous Standard Schema. */
export type FieldShapes = { readonly [field: string]: FieldSchema<any, any> }
export type ObjectShape = StandardSchemaV1<any, any> & { readonly shape: object }

type OptionalKeys<T> = { [K in keyof T]-?: undefined extends T[K] ? K : never }[keyof T]
type Loosen<T> = { [K in Exclude<keyof T, OptionalKeys<T>>]: T[K] } & {
  [K in OptionalKeys<T>]?: T[K]
}
export type Flat<T> = { [K in keyof T]: T[K] }

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

/** A shape without fixed fields: each key is a register, all have one schema. */
export interface EachKey<V> {
  readonly '~each': FieldSchema<V, V>
}

/** A type whose fields are not known in advance: each key is a register of its own. */
export function eachKey<V>(schema: StandardSchemaV1<V, V>): EachKey<V> {
  return { '~each': schema }
}

export type EntityShape = ObjectShape | FieldShapes | EachKey<any>

/** The fields of a shape, each with its register. */
export function fieldsOf(
  entity: string,
  shape: ObjectShape | FieldShapes,
  regOf: (field: string) => Reg,
): ReadonlyMap<string, Field> {
  const fields = new Map<string, Field>()
  for (const [field, schema] of Object.entries(fieldShapes(entity, shape))) {
    const fault = nameFault(field)
    if (fault) refuse(entity, `field ${field}: ${fault}`)
    if (typeof schema?.['~standard']?.validate !== 'function')
      refuse(entity, `field ${field} is not a Standard Schema`)
    const unkept = unkeepable(schema)
    if (unkept) refuse(entity, `field ${field}: ${unkept}`, field)
    const codec = schema['~codec'] as Codec<unknown> | undefined
    if (schema['~optional']?.['~merging'])
      refuse(
        entity,
        `field ${field}: a field that merges always has a value; leave optional() out`,
        field,
      )
    const merging = schema['~merging']
    fields.set(field, {
      name: field,
      reg: regOf(field),
      schema,
      codec,
      ...(merging && { merging }),
    })
  }
  if (fields.size > REGISTERS_MAX) {
    refuse(
      entity,
      `it has ${fields.size} fields, and a change writes at most ${REGISTERS_MAX}; put some into one field as an object`,
    )
  }
  return fields
}

/** The schema of all fields together, where the app gave one. */
export function wholeOf(shape: EntityShape): StandardSchemaV1 | undefined {
  return '~standard' in shape ? (shape as StandardSchemaV1) : undefined
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

/** @throws CountersignError `schema_refused` */
export function refuse(entityName: string, why: string, field?: string): never {
  throw new CountersignError('schema_refused', `${entityName}: ${why}`, {
    entity: entityName,
    field,
    reason: why,
  })
}
