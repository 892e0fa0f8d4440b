/** What is written to a field: a value, or an operation where the field merges. */
import type { Json } from '../base/json.ts'
import { type Outcome, fail, ok } from '../base/outcome.ts'
import type { Merging } from './codec.ts'
import { type Field, decodeField, encodeValue, validated } from './field.ts'
import { mergingFault, operationOf } from './merging.ts'
import { asJson, operationIn } from './operations.ts'

/**
 * The JSON of what the app writes to a field; undefined for an absent optional field. The JSON is a
 * frozen copy.
 */
export function encodeField(field: Field, value: unknown): Outcome<Json | undefined> {
  if (!field.merging) return encodeValue(field, value)
  return value === undefined ? ok(undefined) : encodeOperation(field.merging, value)
}

function encodeOperation(merging: Merging, value: unknown): Outcome<Json> {
  const operation = operationOf(merging, value)
  return typeof operation === 'string' ? fail('invalid', operation) : ok(asJson(operation))
}

/** The reason why stored JSON is no valid value of the field, or undefined. Never throws. */
export function fieldFault(field: Field, json: Json | undefined): string | undefined {
  if (!field.merging && operationIn(json))
    return 'an operation is written to a field that has values'
  try {
    if (field.merging) return json === undefined ? undefined : mergingFault(field.merging, json)
    const value = json === undefined ? undefined : decodeField(field, json)
    // A plain value is returned as it is, and its schema would accept it.
    if (field.codec?.hidden && value !== undefined && value === json)
      return 'its values are encrypted, and this one is not'
    const checked = validated(field.schema, value)
    return checked.ok ? undefined : checked.error.message
  } catch (error) {
    return `its schema throws: ${error instanceof Error ? error.message : String(error)}`
  }
}
