/**
 * One field of a declared type: validates a value, encodes it as JSON and decodes it. Knows nothing
 * of rows, versions, the fold, or operations (`field-input.ts`).
 */
import { JSON_BOUNDS, type Json, frozenJson, jsonEqual, jsonFault } from '../base/json.ts'
import { type Outcome, fail, ok } from '../base/outcome.ts'
import type { Codec, FieldSchema, Merging } from './codec.ts'
import type { Reg } from './registers.ts'

/** Bounds of an app's input: an optional key that holds undefined counts as absent. */
const INPUT_BOUNDS = { ...JSON_BOUNDS, undefinedKeys: true }

/** One field of a declared type. */
export interface Field {
  readonly name: string
  readonly reg: Reg
  readonly schema: FieldSchema
  readonly codec: Codec<unknown> | undefined
  /** Present where its writes are operations. */
  readonly merging?: Merging | undefined
}

/** The JSON of a value, checked by the schema of its field and by the bounds of a value. */
export function encodeValue(field: Field, value: unknown): Outcome<Json | undefined> {
  const checked = validated(field.schema, value)
  if (!checked.ok && checked.error.code === 'schema_refused' && !field.codec) {
    const fault = jsonFault(value) // more precise than the schema's message
    if (fault !== undefined) return fail('invalid', fault)
  }
  if (!checked.ok || checked.value === undefined) return checked as Outcome<undefined>
  return jsonOf(field, checked.value)
}

/** Encodes a value that its schema has accepted. */
export function jsonOf(field: Field, value: unknown): Outcome<Json> {
  const json = field.codec ? field.codec.encode(value) : (value as Json)
  const fault = jsonFault(json, INPUT_BOUNDS)
  if (fault) return fail('invalid', fault)
  if (typeof json !== 'object' || json === null) return ok(json === 0 ? 0 : json)
  if (!Array.isArray(json) && Object.keys(json).some((key) => key.startsWith('$'))) {
    return fail('invalid', 'an object cannot have a key that starts with $')
  }
  return ok(frozenJson(json))
}

/** Decodes stored JSON for a row; a value that the codec cannot decode is returned as JSON. */
export function decodeField(field: Field | undefined, json: Json): unknown {
  if (!field?.codec) return json
  try {
    return field.codec.decode(json) ?? json
  } catch {
    return json // a throwing codec of the app must not hide the row
  }
}

/** The value that a schema makes of a value, which it must accept unchanged. */
export function validated(schema: FieldSchema, value: unknown): Outcome<unknown> {
  const result = schema['~standard'].validate(value)
  if ('then' in result) {
    // Some libraries retry asynchronously when a check throws; that promise is ignored here.
    result.then(undefined, () => {})
    return fail('schema_refused', 'its schema is asynchronous, or throws')
  }
  if (result.issues) return fail('invalid', result.issues[0]?.message ?? 'refused by its schema')
  if (result.value === value || value === undefined) return ok(result.value)
  // A schema may normalize a value (trim), but must accept the result unchanged: otherwise a
  // stored value would not validate when it is read, and two replicas could disagree.
  const again = schema['~standard'].validate(result.value)
  if ('then' in again || again.issues || !sameValue(again.value, result.value)) {
    return fail('schema_refused', 'its schema transforms the value; use a codec')
  }
  return ok(result.value)
}

function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  const isJson = [a, b].every((value) => jsonFault(value, INPUT_BOUNDS) === undefined)
  return isJson && jsonEqual(a as Json, b as Json)
}
