/**
 * Steps as types: from the fields of one version and a tuple of steps, what the fields of the
 * next version must be, so that a wrong step, or a shape that does not match, does not compile
 * and says why. What is compared is the JSON of a register: a date is a text there.
 *
 * A field that a step made of data alone (a default, a table, an app's code) must be able to
 * take what was made, and may take more. Every other field must be the same in both versions:
 * a wider one would hold values that older versions cannot read, which is what `map` is for.
 * A required field may become optional, not the other way round: nothing fills what was unset.
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
} from './steps.ts'

/** A program that names one does not compile; the sentence stands in the compiler's message. */
export interface Wrong<Why extends string> {
  readonly '~wrong': Why
}

/** The next version's field is of the same type. */
export interface Same<T> {
  readonly is: T
}

/** The next version's field takes `T`, and reads as `Read` at the most. */
export interface Takes<T, Read = any> {
  readonly takes: T
  readonly read: Read
}

type Flat<T> = { [K in keyof T]: T[K] }
type Rest<T> = Exclude<T, undefined>
type Missing<T> = Extract<T, undefined>

/** The JSON of a field's value. */
type Stored<T> = T extends Date | bigint | Uint8Array ? string : T

/** Without `readonly`, some levels deep: recursive types (any JSON) would have no end. */
type Plain<T, Levels extends readonly unknown[] = [1, 2, 3, 4]> = Levels extends readonly [
  unknown,
  ...infer Deeper,
]
  ? T extends object
    ? { -readonly [K in keyof T]: Plain<T[K], Deeper> }
    : T
  : T

/** The fields of a version, as the steps find them. */
type FieldsOf<Out> = { [K in keyof Out & string]-?: Same<Plain<Stored<Out[K]>>> }

/** The value of a field between two steps. */
type Value<M> = M extends Same<infer T> ? T : M extends Takes<infer T, any> ? T : never

/** What the fields of version n+1 must be, or what is wrong with the steps. */
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

/** One step on the fields. */
type Applied<F, S> =
  S extends AddStep<infer N, infer D>
    ? N extends keyof F
      ? Wrong<`add: there is a field ${N} already`>
      : Flat<F & { [K in N]: Takes<Widened<D>> }>
    : S extends { readonly op: infer Op extends string; readonly field: infer N extends string }
      ? N extends keyof F
        ? Changed<F, N, S>
        : Wrong<`${Op}: there is no field ${N}`>
      : Wrong<'this is no step'>

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

/** What a step makes of the value of its field. */
type Valued<T, N extends string, S> =
  S extends ScaleStep<N>
    ? [Rest<T>] extends [number | null]
      ? Same<(T extends number ? number : never) | Exclude<T, number>>
      : Wrong<`scale: ${N} is no number`>
    : S extends FormatStep<N, infer From, infer To>
      ? [Rest<T>] extends [Form<From> | null]
        ? Takes<Form<To> | Extract<T, null | undefined>, Form<To> | null>
        : Wrong<`format: ${N} is no ${From}`>
      : S extends WrapStep<N>
        ? Same<Rest<T>[] | Missing<T>>
        : S extends HeadStep<N>
          ? Rest<T> extends readonly (infer E)[]
            ? Same<E | Missing<T>>
            : Wrong<`head: ${N} is no list`>
          : Boxed<T, N, S>

type Boxed<T, N extends string, S> =
  S extends NestStep<N, infer K, infer L>
    ? L extends 'down'
      ? Takes<{ [P in K]: Rest<T> } | Missing<T>, { [P in K]?: Rest<T> }>
      : Same<{ [P in K]: Rest<T> } | Missing<T>>
    : S extends HoistStep<N, infer K>
      ? Rest<T> extends { [P in K]?: infer E }
        ? Same<Rest<E> | Missing<T>>
        : Wrong<`hoist: ${N} is no object with the key ${K}`>
      : Coded<T, N, S>

type Coded<T, N extends string, S> =
  S extends CodeStep<N, infer A extends Json, infer B extends Json>
    ? [Rest<T>] extends [A]
      ? Takes<B | Missing<T>, B>
      : Wrong<`code: it takes no such value as ${N} has`>
    : Wrong<'this is no step'>

type Form<F extends Format> = F extends 'number' | 'epochMs'
  ? number
  : F extends 'boolean'
    ? boolean
    : string

type Widened<D> = unknown extends D ? never : Plain<D>

/** What a table and its fallback make, and which values of the new form they take down. */
type Mapped<T, P extends Pairs, O> = Takes<
  Plain<P[number][1]> | (O extends { readonly up: infer U } ? Plain<U> : never) | Missing<T>,
  O extends { readonly lossy: 'down' | 'both' } ? any : MapReads<P, O>
>

/** A fallback going down folds values into one, which is a loss; without it they are invalid. */
type MapReads<P extends Pairs, O> = O extends { readonly down: any } ? Plain<P[number][1]> : any

/** A table and its fallbacks have to speak of values that the field can have. */
type MapFault<T, Old, O> = [Plain<Old>] extends [T]
  ? O extends { readonly down: infer D }
    ? [Plain<D>] extends [T]
      ? UpFault<T, Old, O>
      : 'never has the value that `down` gives'
    : UpFault<T, Old, O>
  : 'never has a value that the table has'

/** A fallback going up folds values into one, which is a loss. */
type UpFault<T, Old, O> = O extends { readonly up: any }
  ? [Exclude<T, Plain<Old>>] extends [never]
    ? undefined
    : O extends { readonly lossy: 'up' | 'both' }
      ? undefined
      : 'has values that the table leaves to `up`: declare it lossy up'
  : undefined

/** Why the shape of the next version is not what the steps make of the one before, or never. */
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
 * Meets a tuple of steps as a parameter: `steps: Steps & StepsFor<Out, Steps, Next>`. Right
 * steps pass; wrong ones miss a property that says what is wrong.
 */
export type StepsFor<Out, Steps extends readonly Step[], Next> = [
  ShapeFault<Stepped<Out, Steps>, Next>,
] extends [never]
  ? unknown
  : Wrong<ShapeFault<Stepped<Out, Steps>, Next> & string>
