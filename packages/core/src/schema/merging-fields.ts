/**
 * Fields that merge: `counter()`, `set(element)` and `ops(fold)`, and the operations that write
 * them.
 */
import { type Json, frozenJson, jsonFault } from '../base/json.ts'
import { CountersignError } from '../base/outcome.ts'
import type { FieldSchema, Merging } from './codec.ts'
import { kindOf } from './kind.ts'
import { CURES, mergingFault } from './merging.ts'
import {
  type AppOperation,
  type CounterOperation,
  type Primitive,
  type SetOperation,
} from './operations.ts'
import { frozenOperation, isPrimitive, setOperation } from './operation-input.ts'

function field<In, Out>(kind: string, merging: Merging): FieldSchema<In | undefined, Out> {
  return {
    '~standard': {
      version: 1,
      vendor: 'countersign',
      validate: (value) =>
        value === undefined || mergingFault(merging, value) === undefined
          ? { value: value as Out }
          : { issues: [{ message: CURES[merging.kind] }] },
    },
    '~kind': kind,
    '~merging': merging,
  }
}

interface CounterField {
  /**
   * A whole number that starts at 0 and is never in conflict: the increments of all authors add up.
   * Safe integers only, because other sums depend on their order.
   */
  (): FieldSchema<CounterOperation | undefined, number>
  /**
   * Adds `n`, which may be negative.
   * @throws CountersignError `invalid` if it is not a safe integer
   */
  increment(n: number): CounterOperation
}

/** A field of type `counter()`, and `counter.increment(n)`, the value to write to it. */
export const counter: CounterField = /* @__PURE__ */ Object.assign(
  () => field<CounterOperation, number>('counter', { kind: 'counter', initial: 0 }),
  {
    increment: (n: number): CounterOperation => {
      if (!Number.isSafeInteger(n))
        throw new CountersignError('invalid', `counter.increment: ${n} is not a safe integer`)
      return frozenOperation({ $op: ['counter', n === 0 ? 0 : n] })
    },
  },
)

interface SetField {
  /**
   * A set of strings, numbers, booleans or null, each checked by `element`; starts empty, and is
   * never in conflict. Shown as a sorted list: null, false, true, numbers, strings by code unit. If
   * one element is added and removed, the later operation in canonical order wins.
   */
  <T extends Primitive>(
    element: FieldSchema<T, T>,
  ): FieldSchema<SetOperation<T> | undefined, readonly T[]>
  /** @throws CountersignError `invalid` for an element that a set cannot hold */
  add<const T extends readonly Primitive[]>(...elements: T): SetOperation<T[number]>
  /** @throws CountersignError `invalid` for an element that a set cannot hold */
  remove<const T extends readonly Primitive[]>(...elements: T): SetOperation<T[number]>
}

/**
 * A field of type `set(element)`, and `set.add(…)` and `set.remove(…)`, the values to write to it.
 */
export const set: SetField = /* @__PURE__ */ Object.assign(
  <T extends Primitive>(
    element: FieldSchema<T, T>,
  ): FieldSchema<SetOperation<T> | undefined, readonly T[]> => {
    if (element['~codec'] || element['~merging'])
      throw new CountersignError('schema_refused', 'set: its elements are plain JSON without parts')
    const initial = Object.freeze<Json[]>([])
    return field<SetOperation<T>, readonly T[]>(`set<${kindOf(element)}>`, {
      kind: 'set',
      initial,
      part: element,
    })
  },
  {
    add: <const T extends readonly Primitive[]>(...elements: T): SetOperation<T[number]> =>
      setOperation(checkedElements('add', elements), []),
    remove: <const T extends readonly Primitive[]>(...elements: T): SetOperation<T[number]> =>
      setOperation([], checkedElements('remove', elements)),
  },
)

function checkedElements<T extends Primitive>(verb: string, elements: readonly T[]): readonly T[] {
  const wrong = elements.findIndex((element) => !isPrimitive(element))
  if (wrong < 0) return elements
  throw new CountersignError(
    'invalid',
    `set.${verb}: element ${wrong + 1} is not a string, finite number, boolean or null`,
  )
}

/** Options of `ops`: the initial value, and the schema of an operation. */
interface OpsOptions<V, O> {
  readonly initial: V
  /** Checked by the store and by the reviewer. */
  readonly operation?: FieldSchema<O, O>
}

interface OpsField {
  /**
   * A value that is folded from the app's own operations. `fold` is pure, synchronous, and the same
   * in every build of the app; value and operations are JSON. If it throws or does not return JSON,
   * the value does not change, and the store reports it once for each message.
   * @throws CountersignError `schema_refused` if `initial` is not JSON
   */
  <V extends Json, O extends Json>(
    fold: (value: V, operation: O) => V,
    options: OpsOptions<V, O>,
  ): FieldSchema<AppOperation<O> | undefined, V>
  /** @throws CountersignError `invalid` for an operation that is not JSON */
  apply<const O extends Json>(operation: O): AppOperation<O>
}

/**
 * A field that the app folds itself: `ops(fold, options)`, and `ops.apply(operation)`, the value to
 * write to it.
 */
export const ops: OpsField = /* @__PURE__ */ Object.assign(
  <V extends Json, O extends Json>(
    fold: (value: V, operation: O) => V,
    { initial, operation }: OpsOptions<V, O>,
  ): FieldSchema<AppOperation<O> | undefined, V> => {
    const fault = jsonFault(initial)
    if (fault !== undefined)
      throw new CountersignError('schema_refused', `ops: its initial value: ${fault}`)
    return field<AppOperation<O>, V>('operations', {
      kind: 'ops',
      initial: frozenJson(initial),
      part: operation,
      fold: fold as (value: Json, operation: Json) => unknown,
    })
  },
  {
    apply: <const O extends Json>(operation: O): AppOperation<O> => {
      const fault = jsonFault(operation)
      if (fault !== undefined) throw new CountersignError('invalid', `ops.apply: ${fault}`)
      return frozenOperation({ $op: ['ops', [operation]] }) as AppOperation<O>
    },
  },
)
