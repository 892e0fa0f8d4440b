/** Fields that several frames have: positions, epochs, reasons, and the reviews of own messages. */
import { textOf } from '../facts/malformed.ts'
import type { NackReason, Position } from '../facts/message.ts'
import {
  type FieldForm,
  checked,
  count,
  flag,
  hash,
  id,
  nullable,
  textUpTo,
  tuple,
} from './fields.ts'
import { type Epoch, epochIn } from './records.ts'

const TEXT_CHARACTERS_MAX = 512
export const shortText: FieldForm<string> = textUpTo(TEXT_CHARACTERS_MAX)

const signedPosition: FieldForm<Omit<Position, 'sig'> & { readonly sig: string | null }> = tuple({
  eid: id,
  epoch: count,
  seq: count,
  chain: hash,
  sig: nullable(shortText),
})

/** An unsigned position, covered by the signature of a later one, has no property `sig`. */
export const positionField: FieldForm<Position> = {
  write: ({ sig, ...rest }) => signedPosition.write({ ...rest, sig: sig ?? null }),
  read: (value, what) => {
    const { sig, ...rest } = signedPosition.read(value, what)
    return { ...rest, ...(sig !== null && { sig }) }
  },
}

/** An epoch as the line of its record. */
export const epochField: FieldForm<Epoch> = {
  write: ({ line }) => line,
  read: (value, what) => epochIn(textOf(value, what)),
}

const REASON_CHARACTERS_MAX = 64
/** Why a message has no verdict for now. */
export const nackReason: FieldForm<NackReason> = checked(isReason, 'a reason')

/** Accepts reasons of later versions too. */
function isReason(value: unknown): value is NackReason {
  return typeof value === 'string' && value.length <= REASON_CHARACTERS_MAX
}

/** The seq of an own message whose review its author may have missed. */
export interface AcceptedAgain {
  readonly clientSeq: number
  readonly seq: number
  /** The reviewer's clock, ms since 1970. */
  readonly at: number
  /** It was concurrent with a head that its author had not seen. */
  readonly forked: boolean
}

export const acceptedAgain: FieldForm<AcceptedAgain> = tuple({
  clientSeq: count,
  seq: count,
  at: count,
  forked: flag,
})
