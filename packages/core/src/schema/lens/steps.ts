/**
 * Builds the lens steps. Each function provides the rule of its steps, so an app has the rules of
 * the steps that it declares, and no others; those of received chains load with what reads them.
 */
import { type Json, frozenJson, jsonFault } from '../../base/json.ts'
import type { Format } from './formats.ts'
import { ADD, REMOVE, RENAME } from './rules/basic.ts'
import { CODE } from './rules/code.ts'
import { FORMAT } from './rules/format.ts'
import { MAP } from './rules/map.ts'
import { HEAD, HOIST, NEST, WRAP } from './rules/nesting.ts'
import { SCALE } from './rules/scale.ts'
import type {
  AddStep,
  Backport,
  CodeStep,
  FormatStep,
  HeadStep,
  HoistStep,
  Lossy,
  MapOptions,
  MapStep,
  NestStep,
  Pairs,
  RemoveStep,
  RenameStep,
  Rounding,
  ScaleStep,
  Step,
  WrapStep,
} from './step.ts'
import { type StepRule, provide } from './step-rule.ts'

/** Adds a field from this version on; rows where it was never written show the default. */
export function add<const F extends string>(field: F): AddStep<F, undefined>
export function add<const F extends string, const D extends Json>(
  field: F,
  fallback: D,
): AddStep<F, D>
export function add(field: string, fallback?: Json): AddStep {
  return made(ADD, { field, ...given('default', fallback) })
}

/** Removes a field at this version. Older versions show `fallback` where it was never written. */
export function remove<const F extends string>(field: F, fallback?: Json): RemoveStep<F> {
  return made(REMOVE, { field, ...given('default', fallback) })
}

/** Gives a field another name from this version on; the register and its values stay. */
export function rename<const F extends string, const T extends string>(
  from: F,
  to: T,
): RenameStep<F, T> {
  return made(RENAME, { field: from, to })
}

/**
 * Renames a field and translates its values by a table of pairs `[old, next]`. `from` and `to` may
 * be equal.
 */
export function map<
  const F extends string,
  const T extends string,
  const P extends Pairs,
  const O extends MapOptions,
>(from: F, to: T, table: P, options: O = {} as O): MapStep<F, T, P, O> {
  return made(MAP, { field: from, to, table, ...(options as MapOptions) })
}

/**
 * Multiplies a number by `factor`, for another unit. `round` gives the decimals of a side, and
 * makes it lossy there.
 */
export function scale<const F extends string>(
  field: F,
  factor: number,
  options: Backport & { readonly round?: Rounding } = {},
): ScaleStep<F> {
  return made(SCALE, { field, factor, ...options })
}

/** `format('due', 'isoDate', 'epochMs')`; the pairs are in `formats.ts`. */
export function format<const F extends string, const From extends Format, const To extends Format>(
  field: F,
  from: From,
  to: To,
  options: Lossy = {},
): FormatStep<F, From, To> {
  return made(FORMAT, { field, from, to, ...options })
}

/**
 * Replaces a value by a list of it. Lossy down: older versions see the first element, and `empty`
 * for an empty list.
 */
export function wrap<const F extends string>(
  field: F,
  options: Backport & { readonly empty?: Json } = {},
): WrapStep<F> {
  return made(WRAP, { field, ...options })
}

/** Replaces a list by its first element. Lossy up; an empty list becomes `empty`, or unset. */
export function head<const F extends string>(
  field: F,
  options: { readonly empty?: Json } = {},
): HeadStep<F> {
  return made(HEAD, { field, ...options })
}

/**
 * Replaces a value by an object that has it under `key`. With `lossy: 'down'` the object may have
 * other keys, which older versions do not see.
 */
export function nest<
  const F extends string,
  const K extends string,
  const L extends 'down' | undefined = undefined,
>(field: F, key: K, options: Backport & { readonly lossy?: L } = {}): NestStep<F, K, L> {
  return made(NEST, { field, key, ...options })
}

/**
 * Replaces an object by its value under `key`. With `lossy: 'up'` the object may have other keys,
 * which newer versions do not see.
 */
export function hoist<const F extends string, const K extends string>(
  field: F,
  key: K,
  options: { readonly lossy?: 'up' } = {},
): HoistStep<F, K> {
  return made(HOIST, { field, key, ...options })
}

/**
 * Translates a field by two pure functions. Only `name` is published: builds without them cannot
 * read past this version.
 */
export function code<const F extends string, A extends Json, B extends Json>(
  field: F,
  lens: Lossy & {
    readonly name: string
    // Types are inferred from the parameters: the return type of a function may be narrower.
    readonly up: (value: A) => NoInfer<B>
    readonly down: (value: B) => NoInfer<A>
  },
): CodeStep<F, A, B> {
  provide(CODE)
  return Object.freeze({ op: 'code', field, ...lens })
}

function given(key: string, value: Json | undefined): object {
  return value === undefined ? {} : { [key]: value }
}

/**
 * A frozen copy. A step that is not JSON is not copied, so that the declaration of the version can
 * reject it: a copy would turn it into plain data.
 */
function made<S extends Step>(
  rule: StepRule,
  { ...options }: { readonly field: string; readonly [key: string]: unknown },
): S {
  provide(rule)
  const step = { op: rule.op, ...options }
  const plain = jsonFault(step) === undefined ? frozenJson(step as unknown as Json) : step
  return Object.freeze(plain) as unknown as S
}
