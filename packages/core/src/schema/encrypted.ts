/**
 * Encrypted fields. Only holders of the key read their values; messages, storage and the reviewer
 * have ciphertexts. The fold needs structure only; where values are compared or shown they are
 * decrypted first, so two ciphertexts of one value agree.
 */
import { canonical } from '../base/canonical.ts'
import { type Json, frozenJson, jsonFault } from '../base/json.ts'
import { CountersignError } from '../base/outcome.ts'
import type { Ciphertext, FieldCipher } from '../ports/cipher.ts'
import type { FieldSchema } from './codec.ts'
import { accepts, unkeepable } from './keepable.ts'
import { kindOf } from './kind.ts'
import { Unreadable, isUnreadable } from './unreadable.ts'

const KEY_ID_MAX = 64
const BASE64URL = /^[\w-]+$/

/**
 * A field whose values are encrypted with `cipher`. Without the key, its value in a row is an
 * `Unreadable` of the kind `locked`; such a value may be written again, for example to resolve a
 * conflict. The field cannot be indexed or assigned, and has no steps but `add`, `remove`, `rename`.
 * @throws CountersignError `schema_refused` for a schema that merges, or whose values have no JSON form
 */
export function encrypted<In, Out>(
  schema: FieldSchema<In, Out>,
  cipher: FieldCipher,
): FieldSchema<In | Unreadable, Out | Unreadable> {
  const fault = schema['~merging'] ? 'a field that merges is not encrypted' : unkeepable(schema)
  if (fault !== undefined) throw new CountersignError('schema_refused', `encrypted: ${fault}`)
  const values = new Values(schema as FieldSchema, cipher)
  return {
    '~standard': {
      version: 1,
      vendor: 'countersign',
      validate: (value) => (isLocked(value) ? { value } : values.validate(value)) as never,
    },
    '~codec': {
      encode: (value: unknown) => (isLocked(value) ? value.raw : values.encrypt(value)),
      decode: (json: Json) => values.decrypt(json),
      hidden: { plain: (json: Json) => values.plain(json), cipher },
    } as never,
    '~kind': `encrypted<${kindOf(schema as FieldSchema)}>`,
  }
}

function isLocked(value: unknown): value is Unreadable {
  return isUnreadable(value) && value.kind === 'locked' && ciphertextIn(value.raw) !== undefined
}

/** The ciphertext that stored JSON is, if it has that form. */
function ciphertextIn(json: Json): Ciphertext | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined
  const { key, box, ...others } = json as { readonly [name: string]: Json }
  if (typeof key !== 'string' || key === '' || key.length > KEY_ID_MAX) return undefined
  if (typeof box !== 'string' || !BASE64URL.test(box)) return undefined
  return Object.keys(others).length === 0 ? { key, box } : undefined
}

/** The values of one field, with and without encryption. */
class Values {
  readonly #schema: FieldSchema
  readonly #cipher: FieldCipher
  /** By stored JSON, which is one object for each write: rows are rebuilt more often than written. */
  #decrypted = new WeakMap<object, Json>()

  constructor(schema: FieldSchema, cipher: FieldCipher) {
    this.#schema = schema
    this.#cipher = cipher
    cipher.subscribe(() => (this.#decrypted = new WeakMap()))
  }

  validate(value: unknown): ReturnType<FieldSchema['~standard']['validate']> {
    const result = this.#schema['~standard'].validate(value)
    if ('then' in result || result.issues || result.value === undefined) return result
    const fault = jsonFault(this.#jsonOf(result.value))
    return fault === undefined ? result : { issues: [{ message: fault }] }
  }

  encrypt(value: unknown): Json {
    return this.#cipher.encrypt(canonical(this.#jsonOf(value)))
  }

  /** undefined: `json` is no ciphertext. */
  decrypt(json: Json): unknown {
    const ciphertext = ciphertextIn(json)
    if (!ciphertext) return undefined
    const plain = this.#plainOf(json as object, ciphertext)
    if (plain === undefined) return new Unreadable('locked', json, { key: ciphertext.key })
    const codec = this.#schema['~codec']
    const value = codec ? codec.decode(plain) : plain
    const isValid = value !== undefined && accepts(this.#schema, value)
    return isValid ? value : new Unreadable('invalid', json, {})
  }

  /** The JSON of the value; the ciphertext itself where it cannot be decrypted. */
  plain(json: Json): Json {
    const ciphertext = ciphertextIn(json)
    return (ciphertext && this.#plainOf(json as object, ciphertext)) ?? json
  }

  #plainOf(json: object, ciphertext: Ciphertext): Json | undefined {
    const known = this.#decrypted.get(json)
    if (known !== undefined) return known
    const text = this.#cipher.decrypt(ciphertext)
    const plain = text === undefined ? undefined : parsed(text)
    if (plain !== undefined) this.#decrypted.set(json, plain)
    return plain
  }

  #jsonOf(value: unknown): Json {
    const codec = this.#schema['~codec']
    return codec ? codec.encode(value as NonNullable<unknown>) : (value as Json)
  }
}

/** undefined where another program encrypted a text that is no value. */
function parsed(text: string): Json | undefined {
  try {
    const json: unknown = JSON.parse(text)
    return jsonFault(json) === undefined ? frozenJson(json as Json) : undefined
  } catch {
    return undefined
  }
}
