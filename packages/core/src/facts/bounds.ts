/** Bounds of the texts of one author. A deployment may lower them; a reader gets them as a value. */
import { LIMITS } from '../message/limits.ts'

export interface FactBounds {
  /** Messages of a flush. */
  readonly flushMessagesMax: number
  /** UTF-8 bytes of the head and the lines of a flush of several messages. */
  readonly flushBytesMax: number
  /** UTF-8 bytes of the head and the lines of a flush of one message. */
  readonly messageBytesMax: number
  readonly messageChangesMax: number
  /** Entities that a message expects unchanged. */
  readonly expectMax: number
  /** Registers of a change. */
  readonly registersMax: number
  /** Canonical names in one list of parents, or kept in one register. */
  readonly canonicalNamesMax: number
  /** Names of pending messages in one list, and spans of one `own`. */
  readonly pendingNamesMax: number
}

export const FACT_BOUNDS: FactBounds = {
  flushMessagesMax: LIMITS.flushMessagesMax,
  flushBytesMax: LIMITS.flushBytesMax,
  messageBytesMax: LIMITS.messageBytesMax,
  messageChangesMax: LIMITS.messageChangesMax,
  expectMax: LIMITS.expectMax,
  registersMax: LIMITS.registersMax,
  canonicalNamesMax: LIMITS.parentsMax,
  pendingNamesMax: 128,
}
