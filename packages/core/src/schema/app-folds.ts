/** Folds the app's own operations. */
import { type Json, frozenJson, jsonFault } from '../base/json.ts'
import { CountersignError } from '../base/outcome.ts'
import type { FieldSchema, Merging } from './codec.ts'
import type { AppFold } from './operations.ts'
import type { Reg } from './registers.ts'

/** The result of a fold is validated like a value: if it throws or is not JSON, nothing changes. */
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

/** The app's folds by register, of all versions that a build knows. */
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
