/**
 * The lens steps: a closed union of plain frozen data, and the functions that build them. A
 * step says how one register differs between two neighbouring versions; it names no second
 * register and holds no behaviour, `code` excepted. What a step does to a value is in
 * `moves.ts`, what makes one wrong in `step-fault.ts`.
 *
 * Every step is exact unless it says which way it loses: a value that could not come back is
 * then outside its domain, and shown as invalid rather than changed in silence.
 */
import { type Json, frozenJson, jsonFault } from '../../base/json.ts'
import type { Format } from './formats.ts'

/** The way in which different values become one: going up, going down, or both. */
export type Loss = 'up' | 'down' | 'both'

/** Lets versions that see less than there is write all the same. Only where a step is lossy down. */
export interface Backport {
  readonly backport?: 'allow'
}

export interface Lossy extends Backport {
  readonly lossy?: Loss
}

/** The field begins. Without a default it may be missing from a row. */
export interface AddStep<F extends string = string, D extends Json | undefined = Json | undefined> {
  readonly op: 'add'
  readonly field: F
  readonly default?: D
}

/** The field ends. `default`: what versions that have it show where nobody wrote it. */
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
  /** What old values outside the table become; without it they are invalid in the new version. */
  readonly up?: Json
  /** What new values outside the table become; without it they are invalid in the old version. */
  readonly down?: Json
}

/** Values by a table. Where one side stands in several pairs, the first of them wins. */
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

/** Decimals that a side keeps. Rounding on the way up is lossy up, on the way down lossy down. */
export interface Rounding {
  readonly up?: number
  readonly down?: number
}

/** A number times a factor, exact for numbers of up to 15 significant digits. */
export interface ScaleStep<F extends string = string> extends Backport {
  readonly op: 'scale'
  readonly field: F
  readonly factor: number
  readonly round?: Rounding
}

/** Another form of the same value. Lossy where it reads text: then loosely written text is taken, too. */
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

/** A value becomes a list of one. Lossy down: of a longer list, older versions see the first. */
export interface WrapStep<F extends string = string> extends Backport {
  readonly op: 'wrap'
  readonly field: F
  /** What an empty list is to the side without lists; without it, the field is unset there. */
  readonly empty?: Json
}

/** A list becomes its first element. Lossy up. */
export interface HeadStep<F extends string = string> {
  readonly op: 'head'
  readonly field: F
  readonly empty?: Json
}

/** A value becomes an object that has it under `key`: alone, or with others where it is lossy down. */
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

/** An object becomes what it has under `key`: alone, or with others where it is lossy up. */
export interface HoistStep<F extends string = string, K extends string = string> {
  readonly op: 'hoist'
  readonly field: F
  readonly key: K
  readonly lossy?: 'up'
}

/**
 * The declared exception: pure functions of one value. Only the name travels; a build without
 * the functions cannot look through this step.
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

/**
 * One difference between two neighbouring versions of a type, as data fit for JSON (`code`
 * excepted).
 */
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

/** A field from this version on; rows that nobody wrote it to show the default. */
export function add<const F extends string>(field: F): AddStep<F, undefined>
export function add<const F extends string, const D extends Json>(
  field: F,
  fallback: D,
): AddStep<F, D>
export function add(field: string, fallback?: Json): AddStep {
  return made({ op: 'add', field, ...given('default', fallback) })
}

/** Ends a field at this version. `fallback` is what older versions show where nobody wrote it. */
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
 * Multiplies a number by `factor`, for another unit. `round` states the decimals each side keeps,
 * and makes it lossy there.
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

/**
 * Keeps the first element of a list field. Lossy up; `empty` is what an empty list becomes, which
 * is otherwise unset.
 */
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
 * Replaces an object field by what it has under `key`. With `lossy: 'up'` the object may have other
 * keys, which newer versions do not see.
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
    // The types are those of the parameters: what a function returns may be narrower.
    readonly up: (value: A) => NoInfer<B>
    readonly down: (value: B) => NoInfer<A>
  },
): CodeStep<F, A, B> {
  return Object.freeze({ op: 'code', field, ...lens })
}

/** Which ways of a step are lossy: by declaration, or by what it is. */
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

/** A step in a few words, for sentences about it. */
export function describeStep(step: Step): string {
  const to = 'to' in step && step.op !== 'format' && step.to !== step.field ? ` to ${step.to}` : ''
  return `${step.op} of ${step.field}${to}`
}

function given(key: string, value: Json | undefined): object {
  return value === undefined ? {} : { [key]: value }
}

/**
 * A frozen copy. What is no JSON stays as it is, so that the declaration of the version can
 * refuse it: a copy would have made plain data of it.
 */
function made<S extends Step>(step: { readonly op: S['op']; readonly [key: string]: unknown }): S {
  const plain = jsonFault(step) === undefined ? frozenJson(step as unknown as Json) : step
  return Object.freeze(plain) as unknown as S
}
