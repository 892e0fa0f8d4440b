/** The checks that need cryptography: who binds a session, and who sealed a flush. */
import { type Hash } from '../base/hash.ts'
import { type Outcome, fail, ok } from '../base/outcome.ts'
import type { Uuid } from '../base/uuid.ts'
import { grantBytes, personalCommit, sealBytes, whoamiId } from '../message/ids.ts'
import type { Message, SessionOpening } from '../message/message.ts'
import type { Signer } from '../ports/signer.ts'
import type { SessionRecord } from './ledger.ts'

export async function verifyOpening(
  opening: SessionOpening,
  space: Uuid,
  signer: Signer,
): Promise<Outcome<SessionRecord>> {
  const { authorId, publicKey, sessionId, personalId, salt, sig } = opening
  if (whoamiId(publicKey) !== authorId)
    return fail('tampered', 'the author id is not that of the key')
  const commit = personalCommit(space, personalId, salt)
  const bytes = grantBytes(space, authorId, { sessionId, commit })
  if (!(await signer.verify(publicKey, bytes, sig)))
    return fail('tampered', 'the session is not signed by its author')
  return ok({ sessionId, authorId, publicKey, personalCommit: commit, personalId })
}

/** Whether one key of their common author sealed all of these messages. */
export async function verifySeal(
  messages: readonly Message[],
  seal: { readonly sig: string; readonly publicKey: string },
  { space, signer }: { space: Uuid; signer: Signer },
): Promise<Outcome<readonly Hash[]>> {
  const authorId = messages[0]?.header.authorId
  if (authorId === undefined) return fail('invalid', 'an offer without messages')
  if (messages.some(({ header }) => header.authorId !== authorId))
    return fail('invalid', 'an offer of several authors')
  if (whoamiId(seal.publicKey) !== authorId)
    return fail('tampered', 'the author id is not that of the key')
  const hashes = messages.map((message) => message.hash)
  if (!(await signer.verify(seal.publicKey, sealBytes(space, authorId, hashes), seal.sig))) {
    return fail('tampered', 'the seal does not match what was offered')
  }
  return ok(hashes)
}
