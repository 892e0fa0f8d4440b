/**
 * The question how far the next rows of scopes reach, and its answer: a value that ends a page. Who pages
 * follows the range up to it. The answer is not signed and nothing rests on it: which rows are in the
 * range, and that they are all, `states` say.
 *
 *   reach    number, scopes, register, 1 where it is read downwards, how many rows
 *   reach    the same number, the value up to which so many rows are; null: there are no more
 */
import { refuse } from '../facts/malformed.ts'
import { type FieldForm, count, flag, nullable, textUpTo } from './fields.ts'
import { boundValueForm, scopesForm } from './scope-forms.ts'
import type { Bound } from './scope-range.ts'
import { PAGE_ROWS_MAX, type Scope } from './scopes.ts'

const REGISTER_CHARACTERS_MAX = 256

export interface ReachFields {
  /** 1, 2, 3… in a link; a repeated question has the number of the first. */
  readonly no: number
  /** Where the rows are; a range begins where the pages before end. */
  readonly scopes: readonly Scope[]
  /** The register by whose values the rows are ordered. */
  readonly reg: string
  readonly isDown: boolean
  readonly rows: number
}

export interface ReachedFields {
  readonly no: number
  /** The value of the last of these rows; null: no row is beyond them. */
  readonly to: Bound['value'] | null
}

type Forms<F> = { readonly [K in keyof F]: FieldForm<F[K]> }

const rowsForm: FieldForm<number> = {
  write: count.write,
  read: (value, what) => {
    const rows = count.read(value, what)
    return rows > 0 && rows <= PAGE_ROWS_MAX
      ? rows
      : refuse(`${what}: 1 to ${PAGE_ROWS_MAX} rows are expected`)
  },
}

export const REACH_FIELDS: Forms<ReachFields> = {
  no: count,
  scopes: scopesForm,
  reg: textUpTo(REGISTER_CHARACTERS_MAX),
  isDown: flag,
  rows: rowsForm,
}

export const REACHED_FIELDS: Forms<ReachedFields> = { no: count, to: nullable(boundValueForm) }
