/**
 * Validates writes to fields that merge. `merging-fields.ts` declares such a field, `operations.ts`
 * applies an operation to a value, `app-folds.ts` the app's own.
 */
import { type Json, jsonEqual, jsonFault } from '../base/json.ts'
import type { FieldSchema, Merging } from './codec.ts'
import { type Operation, type OperationKind, operationIn } from './operations.ts'
import { frozenOperation, operationFault } from './operation-input.ts'

export const CURES: Readonly<Record<OperationKind, string>> = {
  counter: 'write a counter with counter.increment(n), n a safe integer, not with a value',
  set: 'write a set with set.add(…) and set.remove(…), not with a value',
  ops: 'write this field with ops.apply(operation), not with a value',
}

/** Why an untrusted value is not an operation of the field, or undefined. */
export function mergingFault({ kind, part }: Merging, value: unknown): string | undefined {
  const fault = jsonFault(value)
  const operation = fault === undefined ? operationIn(value as Json) : undefined
  if (operation?.$op[0] !== kind) return CURES[kind]
  const malformed = operationFault(operation)
  if (malformed !== undefined || !part) return malformed
  return operation.$op
    .slice(1)
    .flat()
    .map((one) => partFault(part, one))
    .find((why) => why !== undefined)
}

function partFault(part: FieldSchema<any, any>, value: unknown): string | undefined {
  const checked = part['~standard'].validate(value)
  if ('then' in checked) {
    checked.then(undefined, () => {})
    return 'its schema is asynchronous, or throws'
  }
  if (checked.issues) return checked.issues[0]?.message ?? 'refused by its schema'
  const isKept =
    jsonFault(checked.value) === undefined && jsonEqual(checked.value as Json, value as Json)
  return isKept ? undefined : 'its schema transforms the value'
}

/** The operation to write to a field, or the reason why the value is not one. Never throws. */
export function operationOf(merging: Merging, value: unknown): Operation | string {
  return mergingFault(merging, value) ?? frozenOperation(value as Operation)
}
