/**
 * Field values that are not JSON: dates, big integers, bytes. A codec is a Standard
 * Schema that also encodes its value as JSON for a message and decodes it for a row.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { fromBase64url, toBase64url } from '../base/bytes.ts'
import type { Json } from '../base/json.ts'
import type { FieldCipher } from '../ports/cipher.ts'
import type { OperationKind } from './operations.ts'

/** Encoding of a value without a JSON form: `decode(encode(value))` equals `value`. */
export interface Codec<T> {
  encode(value: T): Json
  /** undefined: `json` does not have this codec's form. Never throws. */
  decode(json: Json): T | undefined
  /** Of an encrypted field, whose JSON does not show its value. */
  readonly hidden?: Hidden
}

/** How values of an encrypted field are compared, and who has their keys. */
export interface Hidden {
  /** The JSON of the value; the ciphertext itself where it cannot be decrypted. */
  plain(json: Json): Json
  readonly cipher: FieldCipher
}

/** Declaration of a field that merges, under `~merging` of its schema. */
export interface Merging {
  readonly kind: OperationKind
  /** The value that a row shows before the first operation. */
  readonly initial: Json
  /** Schema of the elements of a set, or of an app's operations, where the app gave one. */
  readonly part?: FieldSchema<any, any> | undefined
  /** For an app's operations. */
  readonly fold?: ((value: Json, operation: Json) => unknown) | undefined
}

/** Of a field that holds the id of a row, under `~reference` of its schema. */
export interface Reference {
  /** The name of its type. */
  readonly to: string
  /** What reads such rows along with a query: apps without references do not have it (`reads/include.ts`). */
  readonly include: unknown
}

/** An id of a row of the type `T`: a text, as any id. */
export type RefTo<T> = string & { readonly '~to'?: T }

/**
 * A synchronous field schema; with `~codec` where its value is not JSON. `~kind` names the type of
 * its values, up to 160 characters: a published version keeps the kind of each field.
 */
export type FieldSchema<In = unknown, Out = In> = StandardSchemaV1<In, Out> & {
  readonly '~codec'?: Codec<NonNullable<Out>>
  readonly '~kind'?: string
  /** Of a field whose writes are operations (`merging-fields.ts`). */
  readonly '~merging'?: Merging
  readonly '~reference'?: Reference
  /** Of an optional field: the schema of a present value. */
  readonly '~optional'?: FieldSchema<any, any>
}

/** A schema of the values that `accepts` returns true for; `expected` names them in issues. */
export function schemaOf<T>(
  expected: string,
  accepts: (value: unknown) => boolean,
): StandardSchemaV1<T, T> {
  return {
    '~standard': {
      version: 1,
      vendor: 'countersign',
      validate: (value) =>
        accepts(value) ? { value: value as T } : { issues: [{ message: `expected ${expected}` }] },
    },
  }
}

/** The schema of values of types that this build does not know. */
export const anyJson: FieldSchema<Json> = /* @__PURE__ */ schemaOf<Json>('JSON', () => true)

function field<T>(
  [kind, expected]: readonly [kind: string, expected: string],
  accepts: (value: unknown) => value is T,
  codec: Codec<T>,
): FieldSchema<T> {
  return {
    ...schemaOf<T>(expected, accepts),
    '~codec': codec as Codec<NonNullable<T>>,
    '~kind': kind,
  }
}

/** A `Date`; encoded as its ISO 8601 text. */
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

/** A `bigint`; encoded as decimal text. */
export function bigint(): FieldSchema<bigint> {
  return field(['bigint', 'a bigint'], (v): v is bigint => typeof v === 'bigint', {
    encode: (value) => value.toString(),
    decode: (json) =>
      typeof json === 'string' && /^-?\d{1,4096}$/.test(json) ? BigInt(json) : undefined,
  })
}

/** Bytes, 48 KiB at most; encoded as base64url. Store a link to a larger file. */
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
