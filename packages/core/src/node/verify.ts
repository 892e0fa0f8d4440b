/** Verifies signatures: of openings of sessions, and of flushes. */
import { type Outcome, fail, ok } from '../base/outcome.ts'
import type { Uuid } from '../base/uuid.ts'
import { sealBytes } from '../facts/hashes.ts'
import type { Flush } from '../facts/types.ts'
import { grantBytes, personalCommit, whoamiId } from '../facts/whoami.ts'
import { bindBytes, rejectionBytes } from '../wire/signed.ts'
import type { Rejection } from '../facts/message.ts'
import type { Signer } from '../ports/signer.ts'
import type { ProvedOpening } from '../wire/frames.ts'
import type { SessionRecord } from '../review/ledger.ts'

interface OpeningChecks {
  readonly space: Uuid
  readonly signer: Signer
  /** A peer is given the commitment in the place of what it commits to. */
  readonly isProvisional: boolean
}

/** Verifies that the peer has the key of the session's author, and proved it on this link. */
export async function verifyOpening(
  opening: ProvedOpening,
  nonce: string,
  { space, signer, isProvisional }: OpeningChecks,
): Promise<Outcome<SessionRecord>> {
  const { authorId, publicKey, sessionId, personalId, salt, sig } = opening
  if (whoamiId(publicKey) !== authorId)
    return fail('tampered', 'the author id is not that of the key')
  const isBlind = isProvisional && personalId === ''
  const commit = isBlind ? salt : personalCommit(space, personalId, salt)
  const bytes = grantBytes(space, authorId, { sessionId, commit })
  if (!(await signer.verify(publicKey, bytes, sig)))
    return fail('tampered', 'the session is not signed by its author')
  if (!(await signer.verify(publicKey, bindBytes(space, sessionId, nonce), opening.proof)))
    return fail('tampered', 'the session is not proved over this link')
  const person = isBlind ? authorId : personalId
  return ok({ sessionId, authorId, publicKey, personalCommit: commit, personalId: person })
}

/**
 * The rejections of messages of a flush, by id; undefined where the home reviewer has not signed one of
 * them.
 */
export async function verifyRejections(
  {
    flush,
    rejections,
  }: { readonly flush: Flush; readonly rejections: readonly Rejection[] | null },
  publicKey: string,
  signer: Signer,
): Promise<ReadonlyMap<Uuid, Rejection> | undefined> {
  const found = new Map<Uuid, Rejection>()
  for (const one of rejections ?? []) if (flush.ids.includes(one.msgId)) found.set(one.msgId, one)
  const checks = [...found.values()].map((one) =>
    signer.verify(publicKey, rejectionBytes(one), one.sig),
  )
  return (await Promise.all(checks)).every(Boolean) ? found : undefined
}

/** Whether the seal of a flush was made with that key. */
export function verifySeal(
  { hashes }: Flush,
  { sig, publicKey }: { readonly sig: string; readonly publicKey: string },
  signer: Signer,
): Promise<boolean> {
  return signer.verify(publicKey, sealBytes(hashes), sig)
}
