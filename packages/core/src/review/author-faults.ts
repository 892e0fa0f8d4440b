/**
 * Whether whoever offers a message may write it: that it is theirs, that they are not revoked, and
 * that they have the capabilities. Checked before anything else of a message but its number.
 */
import type { FinalReason, NackReason, OtherPlace } from '../facts/message.ts'
import type { Capability } from '../facts/capabilities.ts'
import type { AuthoredMessage } from '../facts/types.ts'
import type { Lineage } from '../history/lineage.ts'
import { withheldFrom } from './capabilities.ts'
import type { SessionRecord } from './ledger.ts'
import type { Person, Persons } from './persons.ts'
import { type Revocations, revokedFault } from './revocations.ts'
import { keysOf } from './revoked.ts'

export type AuthorFault =
  | { readonly kind: 'rejected'; readonly reason: FinalReason; readonly detail: string }
  | { readonly kind: 'nack'; readonly reason: NackReason; readonly detail: string }

/** Who offers a message, and what is known of them. */
export interface AuthorContext {
  readonly persons: Persons
  readonly revocations: Revocations
  /** The bound session of the message. */
  readonly record: SessionRecord
  /** Whoever offered it, and what they may. */
  readonly person: Person
  readonly may: ReadonlySet<Capability>
  readonly lineage: Lineage
  /**
   * Where a message stood that this reviewer has accepted and lost. Then its rules have allowed it,
   * and it is never late: others did not wait for it.
   */
  readonly places: readonly OtherPlace[] | undefined
}

/**
 * Checks the personal commitment, and that the author id is nobody else's: another process on the
 * same store may have bound it. The session itself was verified with the seal. @throws Missing
 */
export function authorFault(
  message: AuthoredMessage,
  context: AuthorContext,
): AuthorFault | undefined {
  const { record, person, persons, revocations, places, may, lineage } = context
  const { personalCommit, authorId } = message.session.facts
  if (record.personalCommit !== personalCommit)
    return unauthorised('the message commits to another person than its session')
  // What was accepted before, and was lost, was its author's then, and was allowed.
  if (places) return undefined
  const owner = persons.ownerOf(authorId)
  if (owner !== undefined && !(person.proved && owner === person.id))
    return { kind: 'nack', reason: 'not_bound', detail: 'its author id is of another person' }
  const revoked = revocations.of(keysOf(authorId, person.id))
  const ended = revokedFault(message, revoked, lineage)
  if (ended !== undefined) return { kind: 'rejected', reason: 'revoked', detail: ended }
  const withheld = withheldFrom(message.changes, may)
  return withheld === undefined ? undefined : unauthorised(withheld)
}

function unauthorised(detail: string): AuthorFault {
  return { kind: 'rejected', reason: 'unauthorised', detail }
}
