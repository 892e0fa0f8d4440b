/** The types of rows that are read one by one, or along with the rows of a query. */
import type { RefTo } from '../schema/codec.ts'
import type { Entity } from '../schema/entity.ts'
import type { AnyRow, Row } from '../schema/types.ts'
import type { FieldSchema } from '../schema/codec.ts'

/** One row, or why there is none. */
export type Peek<E extends Entity> =
  | { readonly status: 'ready'; readonly row: Row<E> }
  | { readonly status: 'archived'; readonly row: Row<E> }
  /** `loading`: the store is not complete yet. `unknown`: it is complete, and has no such row. */
  | { readonly status: 'loading' | 'unknown'; readonly row?: undefined }

/** The type that a field refers to; never for a field that is no reference. */
type TargetOf<V> = '~to' extends keyof NonNullable<V>
  ? Exclude<NonNullable<V>[keyof NonNullable<V> & '~to'], undefined>
  : never

/**
 * The references whose rows are read along: `true` for a field that is declared by `reference(Type)`, and
 * `reference(Type)` for any other field that holds ids of that type.
 */
export type Include<E extends Entity> = {
  readonly [K in keyof E['~output']]?: NonNullable<E['~output'][K]> extends string
    ? ([TargetOf<E['~output'][K]>] extends [never] ? never : true) | FieldSchema<any, RefTo<any>>
    : never
}

type PeekOf<T> = T extends Entity
  ? Peek<T>
  : | { readonly status: 'ready' | 'archived'; readonly row: AnyRow }
    | { readonly status: 'loading' | 'unknown'; readonly row?: undefined }

/** What a reference names; undefined where the row has none. */
type IncludedOf<V, G> =
  | PeekOf<G extends FieldSchema<any, infer R> ? TargetOf<R> : TargetOf<V>>
  | Extract<V, undefined>

/** A row with those that its references name. */
export type IncludedRow<E extends Entity, I> = Row<E> & {
  readonly $included: {
    readonly [K in keyof I]: IncludedOf<E['~output'][K & keyof E['~output']], I[K]>
  }
}
