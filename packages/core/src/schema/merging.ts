/**
 * What a field that merges takes, and how the app's own operations are folded. How such a field is
 * declared is in `merging-fields.ts`, what an operation does to a value in `operations.ts`.
 */
import { type Json, frozenJson, jsonEqual, jsonFault } from '../base/json.ts'
import { CountersignError } from '../base/outcome.ts'
import type { FieldSchema, Merging } from './codec.ts'
import {
  type AppFold,
  type Operation,
  type OperationKind,
  frozenOperation,
  operationFault,
  operationIn,
} from './operations.ts'
import type { Reg } from './registers.ts'

export const CURES: Readonly<Record<OperationKind, string>> = {
  counter: 'a counter is written by counter.increment(n), n a safe integer, and by no value',
  set: 'a set is written by set.add(…) and set.remove(…), and by no value',
  ops: 'this field is written by ops.apply(operation), and by no value',
}

/** Why that is no operation of the field, or undefined. May be anything that an app gave. */
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

/** What a fold makes is checked like a value: one that throws, or makes no JSON, changes nothing. */
export function appFold(
  { initial, fold }: Merging,
  onError: (error: unknown) => void,
): AppFold | undefined {
  if (!fold) return undefined
  const reported = new WeakSet<object>()
  return {
    initial,
    apply: (value, operation, of) => {
      try {
        const after = fold(value, operation)
        const fault = jsonFault(after)
        if (fault !== undefined)
          throw new CountersignError('invalid', `ops: its fold made ${fault}`)
        return frozenJson(after as Json)
      } catch (error) {
        if (!reported.has(of)) onError(error)
        reported.add(of)
        return value
      }
    },
  }
}

/** Folds of an app, by register, of all versions that a build knows. */
export function appFolds(
  versions: readonly ReadonlyMap<Reg, { readonly schema: FieldSchema }>[],
  onError: (error: unknown) => void,
): ReadonlyMap<Reg, AppFold> {
  const folds = new Map<Reg, AppFold>()
  for (const [reg, { schema }] of versions.flatMap((fields) => [...fields])) {
    const made = schema['~merging'] && appFold(schema['~merging'], onError)
    if (made) folds.set(reg, made)
  }
  return folds
}

/** The operation that a field is written with, checked. @throws nothing: a sentence instead. */
export function operationOf(merging: Merging, value: unknown): Operation | string {
  return mergingFault(merging, value) ?? frozenOperation(value as Operation)
}
