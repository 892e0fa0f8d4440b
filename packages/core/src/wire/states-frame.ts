/**
 * The frames of a link that follows scopes instead of the chain: `follow` asks, and `states` answers
 * with the states of rows as of a position, in the form of pages.
 *
 *   follow   number of this request, 1 where all is to be sent again, all scopes, how many of them are
 *            whole at which position
 *   states   number of this frame, newest request received, newest one answered, more of this step
 *            follows, position, at, seq of the newest erasure, unchanged rows, rows that are withheld from now on, accepted own
 *            messages, signature; text: a page, or nothing
 */
import type { Uuid } from '../base/uuid.ts'
import type { Position } from '../facts/message.ts'
import { type AcceptedAgain, acceptedAgain, positionField, shortText } from './forms.ts'
import { type FieldForm, count, flag, id, listOfAll, nullable, tuple } from './fields.ts'
import { scopesForm } from './scope-forms.ts'
import type { Scope } from './scopes.ts'

/** The accepted messages of one session. */
export interface SessionReviews {
  readonly sessionId: Uuid
  readonly reviews: readonly AcceptedAgain[]
}

export interface FollowFields {
  /** 1, 2, 3… in a link; a repeated request has the number of the first. */
  readonly no: number
  /** Whether everything is to be sent, although something of it was sent before. */
  readonly anew: boolean
  readonly scopes: readonly Scope[]
  /** With `anew`: the first so many of the scopes are whole here, as of `have`, which is the position here. */
  readonly whole: number
  readonly have: Position | null
}

export interface StatesFields {
  /** 1, 2, 3… since the last `follow` with `anew`. */
  readonly no: number
  /** The newest `follow` that the reviewer had received when it made this frame. */
  readonly of: number
  /** The newest `follow` all of whose rows were sent, with this frame. */
  readonly done: number
  /** Further frames belong to this step: together they are one. */
  readonly more: boolean
  readonly position: Position
  /** The reviewer's clock when the position was its newest, ms since 1970. */
  readonly at: number
  /** The seq of the newest record of an erasure in the space; 0: there is none. */
  readonly erased: number
  /** Rows of a scope that was whole, which have not changed since. */
  readonly kept: readonly Uuid[]
  /** Rows that were sent, and that the person of the link can no longer read. */
  readonly gone: readonly Uuid[]
  /** Own messages whose readable rows are all received with this step. */
  readonly accepted: readonly SessionReviews[]
  /** Signature over `statesBytes`. */
  readonly sig: string
}

type Forms<F> = { readonly [K in keyof F]: FieldForm<F[K]> }

export const FOLLOW_FIELDS: Forms<FollowFields> = {
  no: count,
  anew: flag,
  scopes: scopesForm,
  whole: count,
  have: nullable(positionField),
}

export const STATES_FIELDS: Forms<StatesFields> = {
  no: count,
  of: count,
  done: count,
  more: flag,
  position: positionField,
  at: count,
  erased: count,
  kept: listOfAll(id),
  gone: listOfAll(id),
  accepted: listOfAll(tuple({ sessionId: id, reviews: listOfAll(acceptedAgain) })),
  sig: shortText,
}
