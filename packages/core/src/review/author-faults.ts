/**
 * Checks that the person who offers a message may write it: that the message is theirs, that they are
 * not revoked, and that they have the capabilities. Checked before all else but the message's number.
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

/** What the check needs: the person who offers the message, and the tables of the reviewer. */
export interface AuthorContext {
  readonly persons: Persons
  readonly revocations: Revocations
  /** The bound session of the message. */
  readonly record: SessionRecord
  /** The person who offers the message, and their capabilities. */
  readonly person: Person
  readonly may: ReadonlySet<Capability>
  readonly lineage: Lineage
  /**
   * The former places of a message that this reviewer has accepted and lost. The rules have allowed
   * it then, and it is never late: other authors did not wait for it.
   */
  readonly places: readonly OtherPlace[] | undefined
}

/**
 * Checks the personal commitment, and that the author id belongs to no other person: another process
 * on the same store may have bound it. The session was verified with the seal. @throws Missing
 */
export function authorFault(
  message: AuthoredMessage,
  context: AuthorContext,
): AuthorFault | undefined {
  const { record, person, persons, revocations, places, may, lineage } = context
  const { personalCommit, authorId } = message.session.facts
  if (record.personalCommit !== personalCommit)
    return unauthorised('the message commits to another person than its session')
  // A message that was accepted before and lost was checked then.
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
