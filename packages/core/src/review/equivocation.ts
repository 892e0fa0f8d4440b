/** Evidence that the holder of a session's key has signed two messages under one number. */
import type { AuthoredMessage, Flush, Session } from '../facts/types.ts'
import type { SessionRecord } from './ledger.ts'

export interface Equivocation {
  readonly session: Session
  readonly record: SessionRecord
  /** The later one, its flush, and the seal of that. */
  readonly message: AuthoredMessage
  readonly flush: Flush
  readonly sig: string
  /** The seq of the one that was accepted. */
  readonly acceptedSeq: number
}
