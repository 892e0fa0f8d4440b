/**
 * The lens steps: a closed union of plain frozen data, and the functions that build them. A
 * step describes how one register differs between two neighbouring versions; it names no second
 * register and has no functions, except `code`. `moves.ts` applies a step to a value,
 * `step-fault.ts` validates it.
 *
 * Every step is exact unless it is declared lossy in a direction: a value that could not be
 * translated back is outside its domain, and shown as invalid instead of silently changed.
 */
import { type Json, frozenJson, jsonFault } from '../../base/json.ts'
import type { Format } from './formats.ts'

/** The direction in which different values become one: up, down, or both. */
export type Loss = 'up' | 'down' | 'both'

/** Lets versions that see only part of a value write it. Only for a step that is lossy down. */
export interface Backport {
  readonly backport?: 'allow'
}

export interface Lossy extends Backport {
  readonly lossy?: Loss
}

/** Adds a field. Without a default it may be missing from a row. */
export interface AddStep<F extends string = string, D extends Json | undefined = Json | undefined> {
  readonly op: 'add'
  readonly field: F
  readonly default?: D
}

/** Removes a field. `default`: shown by versions that have it where it was never written. */
export interface RemoveStep<F extends string = string> {
  readonly op: 'remove'
  readonly field: F
  readonly default?: Json
}

export interface RenameStep<F extends string = string, T extends string = string> {
  readonly op: 'rename'
  readonly field: F
  readonly to: T
}

export type Pairs = readonly (readonly [old: Json, next: Json])[]

export interface MapOptions extends Lossy {
  /** The value for old values outside the table; without it they are invalid in the new version. */
  readonly up?: Json
  /** The value for new values outside the table; without it they are invalid in the old version. */
  readonly down?: Json
}

/** Translates values by a table. The first pair with a value wins. */
export interface MapStep<
  F extends string = string,
  T extends string = string,
  P extends Pairs = Pairs,
  O extends MapOptions = MapOptions,
> {
  readonly op: 'map'
  readonly field: F
  readonly to: T
  readonly table: P
  readonly up?: O['up']
  readonly down?: O['down']
  readonly lossy?: O['lossy']
  readonly backport?: O['backport']
}

/** Decimals to keep. Rounding up is lossy up, rounding down lossy down. */
export interface Rounding {
  readonly up?: number
  readonly down?: number
}

/** Multiplies a number by a factor, exact for up to 15 significant digits. */
export interface ScaleStep<F extends string = string> extends Backport {
  readonly op: 'scale'
  readonly field: F
  readonly factor: number
  readonly round?: Rounding
}

/** Converts the form of a value. A lossy direction parses text loosely. */
export interface FormatStep<
  F extends string = string,
  From extends Format = Format,
  To extends Format = Format,
> extends Lossy {
  readonly op: 'format'
  readonly field: F
  readonly from: From
  readonly to: To
}

/** Wraps a value into a list. Lossy down: older versions see the first element of a longer list. */
export interface WrapStep<F extends string = string> extends Backport {
  readonly op: 'wrap'
  readonly field: F
  /** The value of an empty list on the side without lists; without it, the field is unset there. */
  readonly empty?: Json
}

/** Replaces a list by its first element. Lossy up. */
export interface HeadStep<F extends string = string> {
  readonly op: 'head'
  readonly field: F
  readonly empty?: Json
}

/** Wraps a value into an object under `key`; other keys are allowed where it is lossy down. */
export interface NestStep<
  F extends string = string,
  K extends string = string,
  L extends 'down' | undefined = 'down' | undefined,
> extends Backport {
  readonly op: 'nest'
  readonly field: F
  readonly key: K
  readonly lossy?: L
}

/** Replaces an object by its value under `key`; other keys are allowed where it is lossy up. */
export interface HoistStep<F extends string = string, K extends string = string> {
  readonly op: 'hoist'
  readonly field: F
  readonly key: K
  readonly lossy?: 'up'
}

/**
 * The declared exception: pure functions of one value. Only the name is published; a build without
 * the functions cannot translate through this step.
 */
export interface CodeStep<
  F extends string = string,
  A extends Json = Json,
  B extends Json = Json,
> extends Lossy {
  readonly op: 'code'
  readonly field: F
  readonly name: string
  up?(this: void, value: A): B
  down?(this: void, value: B): A
}

/** One difference between two neighbouring versions of a type, as JSON data (except `code`). */
export type Step =
  | AddStep
  | RemoveStep
  | RenameStep
  | MapStep
  | ScaleStep
  | FormatStep
  | WrapStep
  | HeadStep
  | NestStep
  | HoistStep
  | CodeStep

/** Adds a field from this version on; rows where it was never written show the default. */
export function add<const F extends string>(field: F): AddStep<F, undefined>
export function add<const F extends string, const D extends Json>(
  field: F,
  fallback: D,
): AddStep<F, D>
export function add(field: string, fallback?: Json): AddStep {
  return made({ op: 'add', field, ...given('default', fallback) })
}

/** Removes a field at this version. Older versions show `fallback` where it was never written. */
export function remove<const F extends string>(field: F, fallback?: Json): RemoveStep<F> {
  return made({ op: 'remove', field, ...given('default', fallback) })
}

/** Gives a field another name from this version on; the register and its values stay. */
export function rename<const F extends string, const T extends string>(
  from: F,
  to: T,
): RenameStep<F, T> {
  return made({ op: 'rename', field: from, to })
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
  return made({ op: 'map', field: from, to, table, ...(options as MapOptions) })
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
  return made({ op: 'scale', field, factor, ...options })
}

/** `format('due', 'isoDate', 'epochMs')`; the pairs are in `formats.ts`. */
export function format<const F extends string, const From extends Format, const To extends Format>(
  field: F,
  from: From,
  to: To,
  options: Lossy = {},
): FormatStep<F, From, To> {
  return made({ op: 'format', field, from, to, ...options })
}

/**
 * Replaces a value by a list of it. Lossy down: older versions see the first element, and `empty`
 * for an empty list.
 */
export function wrap<const F extends string>(
  field: F,
  options: Backport & { readonly empty?: Json } = {},
): WrapStep<F> {
  return made({ op: 'wrap', field, ...options })
}

/** Replaces a list by its first element. Lossy up; an empty list becomes `empty`, or unset. */
export function head<const F extends string>(
  field: F,
  options: { readonly empty?: Json } = {},
): HeadStep<F> {
  return made({ op: 'head', field, ...options })
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
  return made({ op: 'nest', field, key, ...options })
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
  return made({ op: 'hoist', field, key, ...options })
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
  return Object.freeze({ op: 'code', field, ...lens })
}

/** The lossy directions of a step: declared, or inherent. */
export function lossOf(step: Step): { readonly up: boolean; readonly down: boolean } {
  switch (step.op) {
    case 'add':
    case 'remove':
    case 'rename':
      return { up: false, down: false }
    case 'wrap':
      return { up: false, down: true }
    case 'head':
      return { up: true, down: false }
    case 'scale':
      return { up: step.round?.up !== undefined, down: step.round?.down !== undefined }
    default:
      return {
        up: step.lossy === 'up' || step.lossy === 'both',
        down: step.lossy === 'down' || step.lossy === 'both',
      }
  }
}

/** A short description of a step, for error messages. */
export function describeStep(step: Step): string {
  const to = 'to' in step && step.op !== 'format' && step.to !== step.field ? ` to ${step.to}` : ''
  return `${step.op} of ${step.field}${to}`
}

function given(key: string, value: Json | undefined): object {
  return value === undefined ? {} : { [key]: value }
}

/**
 * A frozen copy. A step that is not JSON is not copied, so that the declaration of the version can
 * reject it: a copy would turn it into plain data.
 */
function made<S extends Step>(step: { readonly op: S['op']; readonly [key: string]: unknown }): S {
  const plain = jsonFault(step) === undefined ? frozenJson(step as unknown as Json) : step
  return Object.freeze(plain) as unknown as S
}
