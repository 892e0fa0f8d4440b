/** The types of the app's interface: inputs, rows and their metadata, queries. */
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Entity } from './entity.ts'
import type { Operation } from './operations.ts'

/** The input of `create`. */
export type Input<E extends Entity> = E['~input']

/**
 * The input of `update`: any part of a row; `undefined` unsets an optional field. Fields that merge
 * take operations.
 */
export type Patch<E extends Entity> = {
  readonly [K in keyof E['~output'] & keyof E['~input']]?: Written<E['~input'][K], E['~output'][K]>
}

/** A field that merges is written by its operations only, any other by its values. */
type Written<In, Out> = [NonNullable<In>] extends [never]
  ? Out | undefined
  : [NonNullable<In>] extends [Operation]
    ? NonNullable<In>
    : Out | undefined

/**
 * The progress of a row's newest change. `unverified`: the reviewer of this link has sent it, and its
 * signature is being checked, on a platform where checks are slow.
 */
export type RowState = 'volatile' | 'pending' | 'unverified' | 'provisional' | 'canonical'

/** One of several values of a register, until the conflict is resolved. */
export interface Candidate {
  /** undefined: this candidate unsets the field. */
  readonly value: unknown
  readonly msgId: Uuid
  readonly authorId: Uuid
  /** Whether the person of this store wrote it, on this device or another one. */
  readonly mine: boolean
  /** null while the candidate is pending. */
  readonly reviewerId: Uuid | null
  readonly orderKey: string
  readonly pending: boolean
}

/** A field with several live writes of different values, until the conflict is resolved. */
export interface FieldConflict {
  /**
   * The value that the candidates replaced; undefined if there was none, or it is no longer known.
   */
  readonly base: unknown
  /** In canonical order, one for each value. */
  readonly candidates: readonly Candidate[]
}

/** Metadata of a row, as getters that neither spread nor JSON copies. */
export interface RowMeta {
  /** Author of the newest change. */
  readonly $author: Uuid
  /** The reviewer that countersigned the newest change; null while it is pending. */
  readonly $reviewer: Uuid | null
  /** Canonical order of the newest change; a pending one sorts after all reviewed ones. */
  readonly $orderKey: string
  readonly $createdBy: Uuid
  /** Whether the person of this store created it, on this device or another one. */
  readonly $mine: boolean
  /** Canonical order of the creation: the autoincrement. */
  readonly $createdOrderKey: string
  /** The author's clock at the newest change, in ms since 1970. For logs only. */
  readonly $timestamp: number
  /** The schema version that this row is read in. */
  readonly $version: number
  readonly $state: RowState
  /** Ids of the messages that no other message follows yet, sorted. */
  readonly $heads: readonly Uuid[]
  /** Fields that hold several different values, by name. */
  readonly $conflicts: Readonly<Record<string, FieldConflict>>
  readonly $archived: boolean
  /** Fields whose values were erased, and that nobody has written since, sorted. */
  readonly $redacted: readonly string[]
}

/**
 * A row as it is read: a frozen snapshot of its fields, its id, and metadata that begins with `$`.
 */
export type Row<E extends Entity> = Readonly<E['~output']> & { readonly id: Uuid } & RowMeta

/** A row of any type. */
export type AnyRow = { readonly id: Uuid; readonly [field: string]: unknown } & RowMeta

/** The condition on one field of a row. */
export type Condition<V> =
  | V
  | {
      readonly eq?: V
      readonly in?: readonly V[]
      readonly gt?: V
      readonly gte?: V
      readonly lt?: V
      readonly lte?: V
    }

type Comparable<V> = V extends Json | Date | bigint ? V : V extends undefined ? undefined : never

type FieldConditions<Out> = {
  readonly [K in keyof Out]?: Condition<Comparable<Out[K]>>
} & {
  readonly $author?: Condition<string>
  readonly $createdBy?: Condition<string>
  readonly $state?: Condition<RowState>
}

/**
 * The filter of a query: conditions by field, all of which must hold, or `and` and `or` of such.
 */
export type Where<E extends Entity> =
  | FieldConditions<E['~output']>
  | { readonly and: readonly Where<E>[] }
  | { readonly or: readonly Where<E>[] }

type Sortable<E extends Entity> =
  | (keyof E['~output'] & string)
  | '$orderKey'
  | '$createdOrderKey'
  | '$timestamp'
  | '$author'

/** A query as data. Strings compare by code unit, missing values sort last, ties by id. */
export interface Query<E extends Entity> {
  readonly where?: Where<E>
  readonly orderBy?: readonly (Sortable<E> | `-${Sortable<E>}`)[]
  readonly limit?: number
  readonly archived?: 'exclude' | 'include' | 'only'
}
