/**
 * What several values of one field mean, as the app declares it. A policy is read-time: it
 * decides what a row shows, and never writes a message by itself. Two readers with the same
 * messages and the same policies see the same.
 */
import type { Json } from '../base/json.ts'
import type { Reg } from './registers.ts'

/** What a merge function returns when it cannot decide: then somebody is asked. */
export const CONFLICT: unique symbol = Symbol('conflict')

/**
 * Decides between several values of a field. Pure, and the same in every build of the app.
 * `base` is the value before they parted, undefined where there was none. The function is not
 * asked where several values stood before, or one of more than 1 KiB of JSON: that stays a
 * conflict. `candidates` are in canonical order.
 */
export type MergeFunction<V> = (
  base: V | undefined,
  candidates: readonly V[],
) => V | typeof CONFLICT

/**
 *   ask     two different values are a conflict (default)
 *   first   the first accepted value stands
 *   last    the last accepted value stands; an own pending one is the last
 *   merge   a function decides
 */
export type FieldPolicy<V = unknown> = 'ask' | 'first' | 'last' | MergeFunction<V>

export type FieldPolicies<Out> = { readonly [K in keyof Out]?: FieldPolicy<NonNullable<Out[K]>> }

/** How changes of different fields of one row meet; the fields have policies of their own. */
export interface RowPolicies {
  /**
   * `register` (default): changes of different fields merge. `row`: any two changes made side by
   * side are a conflict of all fields they wrote.
   */
  readonly scope: 'register' | 'row'
  /** Archived by one and edited by another: `surface` (default) as a conflict, or one of them wins. */
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

/** Policies with some of them replaced; a new object. */
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
