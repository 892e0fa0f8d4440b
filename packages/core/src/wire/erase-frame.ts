/** The request to erase values of an entity, and its answer. */
import type { Uuid } from '../base/uuid.ts'
import { type FieldForm, count, id, listOfAll, nullable, words } from './fields.ts'
import { shortText } from './forms.ts'

/** Erases the values of these registers of an entity; null: of all. */
export interface EraseFields {
  readonly entityId: Uuid
  readonly regs: readonly string[] | null
}

/**
 * Nothing of the values is left at the reviewer, as of `seq`; or `why` it was refused. `sig`: over
 * `erasedBytes`.
 */
export interface ErasedFields {
  readonly entityId: Uuid
  readonly seq: number
  readonly why: string | null
  readonly sig: string
}

type Forms<F> = { readonly [K in keyof F]: FieldForm<F[K]> }

export const ERASE_FIELDS: Forms<EraseFields> = {
  entityId: id,
  regs: nullable(listOfAll(shortText)),
}

export const ERASED_FIELDS: Forms<ErasedFields> = {
  entityId: id,
  seq: count,
  why: nullable(words),
  sig: shortText,
}
