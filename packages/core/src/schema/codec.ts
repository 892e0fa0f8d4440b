/**
 * Field values that are not JSON: dates, big integers, bytes. A codec is a Standard
 * Schema that says, besides what it accepts, how its value is written as JSON in a
 * message and read back for a row.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { fromBase64url, toBase64url } from '../base/bytes.ts'
import type { Json } from '../base/json.ts'
import type { OperationKind } from './operations.ts'

/** How a value that JSON has no form for is stored: `decode(encode(value))` equals `value`. */
export interface Codec<T> {
  encode(value: T): Json
  /** undefined: `json` is not of this codec's form. Never throws. */
  decode(json: Json): T | undefined
}

/** What a field that merges says of itself, under `~merging` of its schema. */
export interface Merging {
  readonly kind: OperationKind
  /** What a row shows before the first operation. */
  readonly initial: Json
  /** Of a set: of its elements. Of an app's operations: of each, where the app gave one. */
  readonly part?: FieldSchema<any, any> | undefined
  /** Of an app's operations. */
  readonly fold?: ((value: Json, operation: Json) => unknown) | undefined
}

/**
 * A synchronous field schema; with `~codec` where its value is not JSON. `~kind` names what it
 * holds, up to 160 characters: a version that was published keeps the kind of each field.
 */
export type FieldSchema<In = unknown, Out = In> = StandardSchemaV1<In, Out> & {
  readonly '~codec'?: Codec<NonNullable<Out>>
  readonly '~kind'?: string
  /** Of a field whose writes are operations (`merging.ts`). */
  readonly '~merging'?: Merging
  /** The schema of the value where there is one. */
  readonly '~optional'?: FieldSchema<any, any>
}

function field<T>(
  [kind, expected]: readonly [kind: string, expected: string],
  accepts: (value: unknown) => value is T,
  codec: Codec<T>,
): FieldSchema<T> {
  return {
    '~standard': {
      version: 1,
      vendor: 'countersign',
      validate: (value) =>
        accepts(value) ? { value } : { issues: [{ message: `expected ${expected}` }] },
    },
    '~codec': codec as Codec<NonNullable<T>>,
    '~kind': kind,
  }
}

/** A `Date`; written as its ISO 8601 text. */
export function date(): FieldSchema<Date> {
  return field(
    ['date', 'a valid Date'],
    (v): v is Date => v instanceof Date && !Number.isNaN(v.getTime()),
    {
      encode: (value) => value.toISOString(),
      decode: (json) => {
        if (typeof json !== 'string') return undefined
        const read = new Date(json)
        return Number.isNaN(read.getTime()) ? undefined : read
      },
    },
  )
}

/** A `bigint`; written as decimal text. */
export function bigint(): FieldSchema<bigint> {
  return field(['bigint', 'a bigint'], (v): v is bigint => typeof v === 'bigint', {
    encode: (value) => value.toString(),
    decode: (json) =>
      typeof json === 'string' && /^-?\d{1,4096}$/.test(json) ? BigInt(json) : undefined,
  })
}

/** Bytes, 48 KiB at most; written as base64url. Larger files belong behind a link. */
export function bytes(): FieldSchema<Uint8Array> {
  return field(
    ['bytes', 'a Uint8Array of at most 49,152 bytes'],
    (v): v is Uint8Array => v instanceof Uint8Array && v.length <= 49_152,
    {
      encode: toBase64url,
      decode: (json) => (typeof json === 'string' ? fromBase64url(json) : undefined),
    },
  )
}

/** The same field, allowed to be absent. */
export function optional<In, Out>(
  schema: FieldSchema<In, Out>,
): FieldSchema<In | undefined, Out | undefined> {
  const codec = schema['~codec']
  return {
    '~standard': {
      version: 1,
      vendor: 'countersign',
      validate: (value) => (value === undefined ? { value } : schema['~standard'].validate(value)),
    },
    ...(codec && { '~codec': codec as unknown as Codec<NonNullable<Out | undefined>> }),
    '~optional': schema,
  }
}

/** The id of an entity of another type. Dangling is allowed: that entity may arrive later, or never. */
export function reference(to: { readonly name: string }): FieldSchema<string> {
  return {
    '~standard': {
      version: 1,
      vendor: 'countersign',
      validate: (value) =>
        typeof value === 'string' && value.length === 36
          ? { value }
          : { issues: [{ message: `expected the id of a ${to.name}` }] },
    },
    '~kind': `id of ${to.name}`,
  }
}
