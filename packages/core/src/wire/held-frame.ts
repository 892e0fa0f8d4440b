/** Batches that a reviewer lacks, and its answer. */
import type { NackReason, Position } from '../facts/message.ts'
import { type FieldForm, count, hash, listOfAll, nullable, tuple } from './fields.ts'
import { epochField, nackReason, positionField, shortText } from './forms.ts'
import type { Epoch } from './records.ts'

/** The seal of a flush, and the key of its author that made it. */
export interface FlushSeal {
  readonly publicKey: string
  readonly seal: string
}

/**
 * Batches that the reviewer may have lost, under a position that it has signed. `epochs`: those that are
 * missing in the lineage of the greeting, without batches. `from`: the position before them. Texts:
 * batches, as in the log. `seals`: of their flushes, in order, where peers have reviewed them; then the
 * reviewer believes the authors alone, and position and epochs count for nothing.
 */
export interface HeldFields {
  readonly epochs: readonly Epoch[]
  readonly from: Pick<Position, 'seq' | 'chain'>
  readonly position: Position
  readonly batches: readonly number[]
  readonly seals: readonly FlushSeal[] | null
}

/**
 * The reviewer has everything up to that seq of the lineage of the last `held`. `why`: it has not, of
 * what peers have reviewed; the reason for one of the messages that have no verdict yet.
 */
export interface BackFields {
  readonly seq: number
  readonly why: NackReason | null
}

type Forms<F> = { readonly [K in keyof F]: FieldForm<F[K]> }

export const HELD_FIELDS: Forms<HeldFields> = {
  epochs: listOfAll(epochField),
  from: tuple({ seq: count, chain: hash }),
  position: positionField,
  batches: listOfAll(count),
  seals: nullable(listOfAll(tuple({ publicKey: shortText, seal: shortText }))),
}

export const BACK_FIELDS: Forms<BackFields> = { seq: count, why: nullable(nackReason) }
