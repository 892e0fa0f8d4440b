/**
 * Values that merge: registers whose writes are operations. Every replica folds the operations in
 * canonical order, pending ones on top, each exactly once; so after two people add 3 and 5 both see
 * 8, without a conflict. This file owns the stored form of an operation and its effect on a value;
 * `operation-input.ts` makes and checks operations.
 * It knows nothing of entities, messages or states.
 *     counter   { $op: ['counter', 3] }            safe integers: sums are exact in every order
 *     set       { $op: ['set', [added…], [removed…]] }   sorted, without an element in both
 *     ops       { $op: ['ops', [operation…]] }     the app's own, folded by its own function
 *
 * An operation names its kind, so a replica that does not know the type folds counters and sets
 * too, and stores an app's operations, in order, for readers that know its function.
 */
import type { Json } from '../base/json.ts'

/** Elements of a set: JSON without nested values. */
export type Primitive = string | number | boolean | null

export interface CounterOperation {
  readonly $op: readonly ['counter', number]
}

export interface SetOperation<T extends Primitive = Primitive> {
  readonly $op: readonly ['set', readonly T[], readonly T[]]
}

export interface AppOperation<O = unknown> {
  readonly $op: readonly ['ops', readonly O[]]
}

export type Operation = CounterOperation | SetOperation | AppOperation
export type OperationKind = Operation['$op'][0]

/** The result of the operations of a register so far. */
export interface Total {
  readonly kind: OperationKind
  /** Absent if the function for the first operation was missing. */
  readonly value?: Json
  /** Operations of an app, oldest first, that wait for a reader with its function. */
  readonly waiting?: readonly Json[]
}

/** Folds the app's own operations of one register. `of` is the message, to report a fault once. */
export interface AppFold {
  readonly initial: Json
  /** Never throws. */
  readonly apply: (value: Json, operation: Json, of: object) => Json
}

const NO_ELEMENTS: readonly Primitive[] = Object.freeze([])

/** The operation in a stored value; undefined for a plain value. */
export function operationIn(stored: Json | undefined): Operation | undefined {
  if (typeof stored !== 'object' || stored === null) return undefined
  return Array.isArray((stored as { readonly $op?: unknown }).$op)
    ? (stored as unknown as Operation)
    : undefined
}

/** The operation as it is stored in a message. */
export function asJson(operation: Operation): Json {
  return operation as unknown as Json
}

/** Order of elements: null, false, true, numbers, strings by code unit. */
export function compareElements(a: Primitive, b: Primitive): number {
  const rank = rankOf(a) - rankOf(b)
  if (rank !== 0) return rank
  // Of equal rank, so both are null or neither is.
  return a === b ? 0 : a! < b! ? -1 : 1
}

function rankOf(element: Primitive): number {
  if (element === null) return 0
  return { boolean: 1, number: 2, string: 3 }[typeof element as 'boolean' | 'number' | 'string']
}

/** The index of an element in a sorted list, or its insertion point. */
export function placeOf(
  list: readonly Primitive[],
  element: Primitive,
): { at: number; found: boolean } {
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (compareElements(list[middle]!, element) < 0) low = middle + 1
    else high = middle
  }
  return { at: low, found: low < list.length && list[low] === element }
}

/** The elements of a set; none where there is no set yet. */
export function elementsOf(value: Json | undefined): readonly Primitive[] {
  return Array.isArray(value) ? (value as readonly Primitive[]) : NO_ELEMENTS
}

/**
 * The total after one more operation. Pure and total: an operation of another kind than the
 * previous ones, or one whose result is not a safe integer, changes nothing.
 */
export function folded(
  total: Total | undefined,
  { $op }: Operation,
  { fold, of }: { readonly fold: AppFold | undefined; readonly of: object },
): Total {
  if (total && total.kind !== $op[0]) return total
  switch ($op[0]) {
    case 'counter': {
      const before = (total?.value ?? 0) as number
      const value = before + $op[1]
      return { kind: 'counter', value: Number.isSafeInteger(value) ? value : before }
    }
    case 'set':
      return { kind: 'set', value: withElements(elementsOf(total?.value), $op) }
    case 'ops': {
      const operations = $op[1] as readonly Json[]
      const { waiting = [] } = total ?? {}
      return withWaiting({ ...total, kind: 'ops', waiting: [...waiting, ...operations] }, fold, of)
    }
  }
}

/** The total with its waiting operations folded, if the function is known. */
export function withWaiting(
  { kind, value, waiting = [] }: Total,
  fold: AppFold | undefined,
  of: object,
): Total {
  if (!fold || kind !== 'ops') {
    const kept = waiting.length > 0 && { waiting }
    return { kind, ...(value !== undefined && { value }), ...kept }
  }
  return {
    kind,
    value: waiting.reduce((now, one) => fold.apply(now, one, of), value ?? fold.initial),
  }
}

function withElements(
  before: readonly Primitive[],
  [, added, removed]: SetOperation['$op'],
): readonly Primitive[] {
  const after = before.slice()
  for (const element of removed) {
    const { at, found } = placeOf(after, element)
    if (found) after.splice(at, 1)
  }
  for (const element of added) {
    const { at, found } = placeOf(after, element)
    if (!found) after.splice(at, 0, element)
  }
  return Object.freeze(after)
}

/** Why an operation cannot be added to a total, as a sentence; undefined if it can. */
export function joinFault(total: Total | undefined, { $op }: Operation): string | undefined {
  if (total && total.kind !== $op[0]) return `it holds a ${total.kind}, and this is a ${$op[0]}`
  if ($op[0] !== 'counter') return undefined
  return Number.isSafeInteger(((total?.value ?? 0) as number) + $op[1])
    ? undefined
    : 'the counter would leave the safe integers (2^53 - 1)'
}
