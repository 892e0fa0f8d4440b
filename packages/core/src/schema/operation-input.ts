/** Makes operations, joins them, inverts them, and checks those of others. */
import { type Json, frozenJson, jsonFault } from '../base/json.ts'
import {
  type Operation,
  type Primitive,
  type SetOperation,
  asJson,
  compareElements,
  elementsOf,
  placeOf,
} from './operations.ts'

/** The fault of a malformed operation, or undefined. JSON bounds are checked separately. */
export function operationFault(operation: Operation): string | undefined {
  if (Object.keys(operation).length !== 1) return 'an operation has no key but $op'
  const parts: readonly unknown[] = operation.$op
  if (parts[0] === 'counter')
    return parts.length === 2 && Number.isSafeInteger(parts[1])
      ? undefined
      : 'a counter is incremented by a whole number of at most 2^53 - 1'
  if (parts[0] === 'set') return parts.length === 3 ? setFault(operation as SetOperation) : SET_FORM
  if (parts[0] !== 'ops') return 'unknown kind of operation'
  return parts.length === 2 && Array.isArray(parts[1]) && parts[1].length > 0
    ? undefined
    : 'operations of an app are a list of at least one'
}

const SET_FORM = 'an operation of a set is two sorted lists of elements without one in both'

function setFault({ $op: [, added, removed] }: SetOperation): string | undefined {
  for (const list of [added, removed] as readonly unknown[]) {
    if (!Array.isArray(list) || !list.every(isPrimitive)) return SET_FORM
    if (!isSortedUnique(list)) return SET_FORM
  }
  return added.some((element) => placeOf(removed, element).found) ? SET_FORM : undefined
}

/** Whether a set can hold a value: a string, a finite number, true, false or null. */
export function isPrimitive(value: unknown): value is Primitive {
  return (typeof value !== 'object' || value === null) && jsonFault(value) === undefined
}

/** Whether the elements are strictly ascending, in the order of sets. */
export function isSortedUnique(elements: readonly Primitive[]): boolean {
  return elements.every((each, i) => i === 0 || compareElements(elements[i - 1]!, each) < 0)
}

/** An operation of a set; elements may be in any order. */
export function setOperation<T extends Primitive>(
  added: readonly T[],
  removed: readonly T[],
): SetOperation<T> {
  return frozenOperation({ $op: ['set', sortedUnique(added), sortedUnique(removed)] })
}

/** The operation as frozen JSON, the form that a field holds. */
export function frozenOperation<T extends Operation>(operation: T): T {
  return frozenJson(asJson(operation)) as unknown as T
}

function sortedUnique<T extends Primitive>(elements: readonly T[]): readonly T[] {
  const sorted = elements.map((element) => (element === 0 ? (0 as T) : element))
  return sorted.sort(compareElements).filter((each, i) => i === 0 || each !== sorted[i - 1])
}

/**
 * Two operations joined into one, `second` after `first`; undefined if they have different kinds,
 * or their sum is not a safe integer.
 */
export function joined(first: Operation, second: Operation): Operation | undefined {
  const [a, b] = [first.$op, second.$op]
  if (a[0] === 'counter' && b[0] === 'counter')
    return Number.isSafeInteger(a[1] + b[1])
      ? frozenOperation({ $op: ['counter', a[1] + b[1]] })
      : undefined
  if (a[0] === 'set' && b[0] === 'set') {
    const added = a[1].filter((element) => !placeOf(b[2], element).found)
    const removed = a[2].filter((element) => !placeOf(b[1], element).found)
    return setOperation([...added, ...b[1]], [...removed, ...b[2]])
  }
  if (a[0] === 'ops' && b[0] === 'ops') return frozenOperation({ $op: ['ops', [...a[1], ...b[1]]] })
  return undefined
}

/** The operation that undoes one that was applied to `before`; undefined if there is none. */
export function inverseOf({ $op }: Operation, before: Json | undefined): Operation | undefined {
  if ($op[0] === 'counter') return frozenOperation({ $op: ['counter', $op[1] === 0 ? 0 : -$op[1]] })
  if ($op[0] !== 'set') return undefined
  const had = elementsOf(before)
  return setOperation(
    $op[2].filter((element) => placeOf(had, element).found),
    $op[1].filter((element) => !placeOf(had, element).found),
  )
}
