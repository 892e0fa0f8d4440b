/**
 * Policies for several values of one field, as the app declares them. A policy applies at read
 * time: it decides what a row shows, and never writes a message. Two readers with the same
 * messages and the same policies see the same.
 */
import type { Json } from '../base/json.ts'
import type { Reg } from './registers.ts'

/** Returned by a merge function that cannot decide: the field is in conflict. */
export const CONFLICT: unique symbol = Symbol('conflict')

/**
 * Decides between several values of a field. Pure, and the same in every build of the app.
 * `base` is the value that all candidates replaced, undefined if there was none. The function is
 * not called if there were several values before, or if one has more than 1 KiB of JSON: that is a
 * conflict. `candidates` are in canonical order.
 */
export type MergeFunction<V> = (
  base: V | undefined,
  candidates: readonly V[],
) => V | typeof CONFLICT

/**
 *   ask     two different values are a conflict (default)
 *   first   the first accepted value wins
 *   last    the last accepted value wins; an own pending one is the last
 *   merge   a function decides
 */
export type FieldPolicy<V = unknown> = 'ask' | 'first' | 'last' | MergeFunction<V>

export type FieldPolicies<Out> = { readonly [K in keyof Out]?: FieldPolicy<NonNullable<Out[K]>> }

/** Policies for changes of different fields of one row; each field has its own policy too. */
export interface RowPolicies {
  /**
   * `register` (default): changes of different fields merge. `row`: two concurrent changes are a
   * conflict of all fields they wrote.
   */
  readonly scope: 'register' | 'row'
  /** One archives, another edits: `surface` (default) a conflict, or one of them wins. */
  readonly archived: 'surface' | 'archive-wins' | 'edit-wins'
}

export interface Policies extends RowPolicies {
  readonly fields: ReadonlyMap<Reg, FieldPolicy<Json>>
}

export const NO_POLICIES: Policies = Object.freeze({
  scope: 'register',
  archived: 'surface',
  fields: new Map<Reg, FieldPolicy<Json>>(),
})

/** A copy of the policies with some replaced. */
export function policiesWith(
  before: Policies,
  fields: { readonly [field: string]: unknown },
  row: Partial<RowPolicies>,
): Policies {
  const merged = new Map(before.fields)
  for (const [name, policy] of Object.entries(fields))
    if (policy !== undefined) merged.set(name, policy as FieldPolicy<Json>)
  return Object.freeze({ ...before, ...row, fields: merged })
}
