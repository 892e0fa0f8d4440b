/**
 * Fields of frames: each encodes a value as JSON and parses untrusted JSON. Readers throw
 * `Malformed`, as those of `facts` do.
 */
import type { Hash } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import { longId, shortId } from '../facts/ids.ts'
import { ANY, countOf, hashOf, listOf, refuse, textOf } from '../facts/malformed.ts'

export interface FieldForm<T> {
  readonly write: (value: T) => Json
  /** `what` names the field in the error. */
  readonly read: (value: unknown, what: string) => T
}

const asIs = (value: unknown): Json => value as Json

/** A whole number from 0. */
export const count: FieldForm<number> = { write: asIs, read: (value, what) => countOf(value, what) }

export const hash: FieldForm<Hash> = { write: asIs, read: hashOf }

/** A uuid as 22 characters of base64url. */
export const id: FieldForm<Uuid> = { write: shortId, read: longId }

/** Well-formed text of at most `charactersMax` characters. */
export function textUpTo(charactersMax: number): FieldForm<string> {
  const read = (value: unknown, what: string): string => {
    const text = textOf(value, what)
    if (text.length > charactersMax) return refuse(`${what}: more than ${charactersMax} characters`)
    return text.isWellFormed() ? text : refuse(`${what}: the text holds half of a surrogate pair`)
  }
  return { write: asIs, read }
}

/** A message for people: truncated, never rejected. */
export const words: FieldForm<string> = {
  write: asIs,
  read: (value) => (typeof value === 'string' ? value.slice(0, 256) : ''),
}

/** A boolean as 1 or 0. */
export const flag: FieldForm<boolean> = {
  write: (value) => (value ? 1 : 0),
  read: (value, what) =>
    value === 1 || value === 0 ? value === 1 : refuse(`${what}: 0 or 1 is expected`),
}

/** One of the given strings. */
export function oneOf<T extends string>(...texts: readonly T[]): FieldForm<T> {
  const read = (value: unknown, what: string): T =>
    texts.find((text) => text === value) ??
    refuse(`${what}: one of ${texts.join(', ')} is expected`)
  return { write: asIs, read }
}

/** A value, or null. */
export function nullable<T>(field: FieldForm<T>): FieldForm<T | null> {
  return {
    write: (value) => (value === null ? null : field.write(value)),
    read: (value, what) => (value === null ? null : field.read(value, what)),
  }
}

/** A boolean, with null for false. */
export function orNull(field: FieldForm<boolean>): FieldForm<boolean> {
  return {
    write: (value) => (value ? field.write(true) : null),
    read: (value, what) => value !== null && field.read(value, what),
  }
}

/** A list of a field, without a bound of its own. */
export function listOfAll<T>(field: FieldForm<T>): FieldForm<readonly T[]> {
  return {
    write: (values) => values.map((value) => field.write(value)),
    read: (value, what) => listOf(value, what, ANY).map((item) => field.read(item, what)),
  }
}

/** A list with at least one element. */
export function notEmpty<T>(field: FieldForm<readonly T[]>): FieldForm<readonly T[]> {
  const read = (value: unknown, what: string): readonly T[] => {
    const list = field.read(value, what)
    return list.length > 0 ? list : refuse(`${what}: at least one is expected`)
  }
  return { write: field.write, read }
}

export type Fields = Readonly<Record<string, FieldForm<never>>>

export type ValuesOf<F> = { readonly [K in keyof F]: F[K] extends FieldForm<infer T> ? T : never }

/**
 * Named fields, encoded as a list in their order; absent and null fields at the end are omitted.
 */
export function tuple<F extends Readonly<Record<string, unknown>>>(
  fields: F,
): FieldForm<ValuesOf<F>> {
  const entries = Object.entries(fields) as [string, FieldForm<unknown>][]
  return {
    write: (values) => {
      const list = entries.map(([name, field]) =>
        field.write((values as Readonly<Record<string, unknown>>)[name]),
      )
      while (list.length > 0 && list.at(-1) === null) list.pop()
      return list
    },
    read: (value, what) => {
      const list = listOf(value, what, { min: 0, max: entries.length })
      const read = entries.map(
        ([name, field], i) => [name, field.read(list[i] ?? null, `${what}.${name}`)] as const,
      )
      return Object.fromEntries(read) as ValuesOf<F>
    },
  }
}

/** JSON that a predicate validates. */
export function checked<T>(is: (value: unknown) => value is T, expected: string): FieldForm<T> {
  return {
    write: asIs,
    read: (value, what) => (is(value) ? value : refuse(`${what}: ${expected} is expected`)),
  }
}
