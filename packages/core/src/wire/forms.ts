/** Fields that several frames have: positions, and the reviews of own messages. */
import type { Position } from '../facts/message.ts'
import { type FieldForm, count, flag, hash, id, nullable, textUpTo, tuple } from './fields.ts'

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
