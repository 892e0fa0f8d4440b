/**
 * Steps as types: computes the required fields of the next version from the fields of one version
 * and a tuple of steps, so that a wrong step, or a shape that does not match, fails to compile with
 * a reason. Compares the JSON of registers: a date is a string there.
 *
 * A field whose value comes from data (a default, a table, an app's code) must accept that value,
 * and may accept more. Every other field must be the same in both versions: a wider one would hold
 * values that older versions cannot read; use `map` for that. A required field may become optional,
 * but not the reverse: nothing fills unset values.
 */
import type { Json } from '../../base/json.ts'
import type { Format } from './formats.ts'
import type {
  AddStep,
  CodeStep,
  FormatStep,
  HeadStep,
  HoistStep,
  MapStep,
  NestStep,
  Pairs,
  RemoveStep,
  RenameStep,
  ScaleStep,
  Step,
  WrapStep,
} from './step.ts'

/** Makes a program fail to compile; the compiler's message contains the sentence. */
export interface Wrong<Why extends string> {
  readonly '~wrong': Why
}

/** The field of the next version has the same type. */
export interface Same<T> {
  readonly is: T
}

/** The field of the next version accepts `T`, and is at most `Read` when read. */
export interface Takes<T, Read = any> {
  readonly takes: T
  readonly read: Read
}

type Flat<T> = { [K in keyof T]: T[K] }
type Rest<T> = Exclude<T, undefined>
type Missing<T> = Extract<T, undefined>

/** The JSON of a field's value. */
type Stored<T> = T extends Date | bigint | Uint8Array ? string : T

/** Removes `readonly`, to a limited depth: recursive types (any JSON) would not terminate. */
type Plain<T, Levels extends readonly unknown[] = [1, 2, 3, 4]> = Levels extends readonly [
  unknown,
  ...infer Deeper,
]
  ? T extends object
    ? { -readonly [K in keyof T]: Plain<T[K], Deeper> }
    : T
  : T

/** The fields of a version, before its steps. */
type FieldsOf<Out> = { [K in keyof Out & string]-?: Same<Plain<Stored<Out[K]>>> }

/** The value of a field between two steps. */
type Value<M> = M extends Same<infer T> ? T : M extends Takes<infer T, any> ? T : never

/** The required fields of version n+1, or the fault of the steps. */
export type Stepped<Out, Steps extends readonly Step[]> = number extends Steps['length']
  ? Wrong<'write the steps in place, as a list'>
  : Walk<FieldsOf<Out>, Steps>

type Walk<F, Steps> = Steps extends readonly [infer S, ...infer Later]
  ? Applied<F, S> extends infer Next
    ? Next extends Wrong<string>
      ? Next
      : Walk<Next, Later>
    : never
  : F

/** The fields after one step. */
type Applied<F, S> =
  S extends AddStep<infer N, infer D>
    ? N extends keyof F
      ? Wrong<`add: there is a field ${N} already`>
      : Flat<F & { [K in N]: Takes<Widened<D>> }>
    : S extends { readonly op: infer Op extends string; readonly field: infer N extends string }
      ? N extends keyof F
        ? Changed<F, N, S>
        : Wrong<`${Op}: there is no field ${N}`>
      : Wrong<'this is not a step'>

type Changed<F, N extends keyof F & string, S> =
  S extends RemoveStep<N>
    ? Omit<F, N>
    : S extends RenameStep<N, infer To>
      ? Moved<F, N, { to: To; made: F[N]; op: 'rename' }>
      : S extends MapStep<N, infer To, infer P, infer O>
        ? MapFault<Rest<Value<F[N]>>, P[number][0], O> extends infer W extends string
          ? Wrong<`map: ${N} ${W}`>
          : Moved<F, N, { to: To; made: Mapped<Value<F[N]>, P, O>; op: 'map' }>
        : Valued<Value<F[N]>, N, S> extends infer M
          ? M extends Wrong<string>
            ? M
            : Flat<Omit<F, N> & { [K in N]: M }>
          : never

type Moved<F, N extends keyof F & string, M extends { to: string; made: unknown; op: string }> =
  M['to'] extends Exclude<keyof F, N>
    ? Wrong<`${M['op']}: there is a field ${M['to']} already`>
    : Flat<Omit<F, N> & { [K in M['to']]: M['made'] }>

/** The value of a field after a step. */
type Valued<T, N extends string, S> =
  S extends ScaleStep<N>
    ? [Rest<T>] extends [number | null]
      ? Same<(T extends number ? number : never) | Exclude<T, number>>
      : Wrong<`scale: ${N} is not a number`>
    : S extends FormatStep<N, infer From, infer To>
      ? [Rest<T>] extends [Form<From> | null]
        ? Takes<Form<To> | Extract<T, null | undefined>, Form<To> | null>
        : Wrong<`format: ${N} is not of form ${From}`>
      : S extends WrapStep<N>
        ? Same<Rest<T>[] | Missing<T>>
        : S extends HeadStep<N>
          ? Rest<T> extends readonly (infer E)[]
            ? Same<E | Missing<T>>
            : Wrong<`head: ${N} is not a list`>
          : Boxed<T, N, S>

type Boxed<T, N extends string, S> =
  S extends NestStep<N, infer K, infer L>
    ? L extends 'down'
      ? Takes<{ [P in K]: Rest<T> } | Missing<T>, { [P in K]?: Rest<T> }>
      : Same<{ [P in K]: Rest<T> } | Missing<T>>
    : S extends HoistStep<N, infer K>
      ? Rest<T> extends { [P in K]?: infer E }
        ? Same<Rest<E> | Missing<T>>
        : Wrong<`hoist: ${N} is not an object with the key ${K}`>
      : Coded<T, N, S>

type Coded<T, N extends string, S> =
  S extends CodeStep<N, infer A extends Json, infer B extends Json>
    ? [Rest<T>] extends [A]
      ? Takes<B | Missing<T>, B>
      : Wrong<`code: it takes no such value as ${N} has`>
    : Wrong<'this is not a step'>

type Form<F extends Format> = F extends 'number' | 'epochMs'
  ? number
  : F extends 'boolean'
    ? boolean
    : string

type Widened<D> = unknown extends D ? never : Plain<D>

/** The values that a table and its fallback result in, and the new values that they map down. */
type Mapped<T, P extends Pairs, O> = Takes<
  Plain<P[number][1]> | (O extends { readonly up: infer U } ? Plain<U> : never) | Missing<T>,
  O extends { readonly lossy: 'down' | 'both' } ? any : MapReads<P, O>
>

/** A fallback for `down` merges values, which is lossy; without it they are invalid. */
type MapReads<P extends Pairs, O> = O extends { readonly down: any } ? Plain<P[number][1]> : any

/** A table and its fallbacks may use only values of the field. */
type MapFault<T, Old, O> = [Plain<Old>] extends [T]
  ? O extends { readonly down: infer D }
    ? [Plain<D>] extends [T]
      ? UpFault<T, Old, O>
      : 'never has the value that `down` gives'
    : UpFault<T, Old, O>
  : 'never has a value that the table has'

/** A fallback for `up` merges values, which is lossy. */
type UpFault<T, Old, O> = O extends { readonly up: any }
  ? [Exclude<T, Plain<Old>>] extends [never]
    ? undefined
    : O extends { readonly lossy: 'up' | 'both' }
      ? undefined
      : 'has values that the table leaves to `up`: declare it lossy up'
  : undefined

/** Why the shape of the next version differs from the result of the steps, or never. */
export type ShapeFault<F, Next> =
  F extends Wrong<infer Why>
    ? Why
    : | { [K in Exclude<keyof Next, keyof F> & string]: `no step makes the field ${K}` }[Exclude<
          keyof Next,
          keyof F
        > &
          string]
      | {
          [
            K in Exclude<keyof F, keyof Next> & string
          ]: `the new shape lacks the field ${K}, and no step removes it`
        }[Exclude<keyof F, keyof Next> & string]
      | {
          [K in keyof F & keyof Next & string]: FieldFault<F[K], Plain<Stored<Next[K]>>, K>
        }[keyof F & keyof Next & string]

type FieldFault<M, Next, K extends string> =
  undefined extends Value<M>
    ? undefined extends Next
      ? ValueFault<M, Rest<Next>, K>
      : `${K} may be missing in the version before, and is required in the new shape`
    : ValueFault<M, Rest<Next>, K>

type ValueFault<M, Next, K extends string> =
  M extends Takes<infer T, infer Read>
    ? [Rest<T>] extends [Next]
      ? [Next] extends [Read]
        ? never
        : `${K} may hold values in the new shape that the steps do not take down`
      : `${K} cannot hold in the new shape what the steps make of it`
    : M extends Same<infer T>
      ? [Rest<T>] extends [Next]
        ? [Next] extends [Rest<T>]
          ? never
          : `${K} is wider in the new shape, and no step says how older versions read that`
        : `${K} is not of the type in the new shape that the steps make of it`
      : never

/**
 * Constraint on a parameter that is a tuple of steps: `steps: Steps & StepsFor<Out, Steps, Next>`.
 * Correct steps pass; wrong ones lack a property whose type is the reason.
 */
export type StepsFor<Out, Steps extends readonly Step[], Next> = [
  ShapeFault<Stepped<Out, Steps>, Next>,
] extends [never]
  ? unknown
  : Wrong<ShapeFault<Stepped<Out, Steps>, Next> & string>
