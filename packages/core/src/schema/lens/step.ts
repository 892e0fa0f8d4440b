/**
 * The lens steps: a closed union of plain frozen data. A step describes how one register differs
 * between two neighbouring versions; it names no second register and has no functions, except
 * `code`. `steps.ts` builds them; what a step of each name needs and does is in `rules/`.
 *
 * Every step is exact unless it is declared lossy in a direction: a value that could not be
 * translated back is outside its domain, and shown as invalid instead of silently changed.
 */
import type { Json } from '../../base/json.ts'
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
