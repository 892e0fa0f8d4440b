/**
 * Bounds of the texts of one author. A deployment may lower them; a reader takes them as a value.
 */
import { LIMITS, type Limits } from './limits.ts'

/** Bounds of a flush, checked by both ends on the text as sent. */
export interface FactBounds {
  /** Messages of a flush. */
  readonly flushMessagesMax: number
  /** UTF-8 bytes of the head and the lines of a flush of several messages. */
  readonly flushBytesMax: number
  /** UTF-8 bytes of the head and the lines of a flush of one message. */
  readonly messageBytesMax: number
  readonly messageChangesMax: number
  /** Entities in the `expect` of a message. */
  readonly expectMax: number
  /** Registers of a change. */
  readonly registersMax: number
  /** Canonical names in one list of parents, or kept in one register. */
  readonly canonicalNamesMax: number
  /** Names of pending messages in one list, and spans of one `own`. */
  readonly pendingNamesMax: number
}

/** The bounds of texts under a deployment's limits. */
export function factBounds(limits: Limits): FactBounds {
  return {
    flushMessagesMax: limits.flushMessagesMax,
    flushBytesMax: limits.flushBytesMax,
    messageBytesMax: limits.messageBytesMax,
    messageChangesMax: limits.messageChangesMax,
    expectMax: limits.expectMax,
    registersMax: limits.registersMax,
    canonicalNamesMax: limits.parentsMax,
    pendingNamesMax: limits.ownSpansMax,
  }
}

/** The bounds of a flush under the protocol's `LIMITS`. */
export const FACT_BOUNDS: FactBounds = factBounds(LIMITS)

/**
 * Bounds for texts that the reviewer has accepted: a deployment's lower limits apply to its
 * verdicts only.
 */
export function readingBounds(limits: Limits): FactBounds {
  return larger(factBounds(limits), FACT_BOUNDS)
}

/** The larger one of each bound. */
export function larger<T extends object>(a: T, b: T): T {
  const of = b as Readonly<Record<string, number>>
  return Object.fromEntries(
    Object.entries(a).map(([name, bound]) => [name, Math.max(bound as number, of[name]!)]),
  ) as T
}
