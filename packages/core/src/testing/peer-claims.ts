/** What peers say of claims, for tests: who claims, and claims that nobody has elected. */
import type { Uuid } from '../base/uuid.ts'
import type { Position } from '../facts/message.ts'
import { whoamiId } from '../facts/whoami.ts'
import type { KeyPair, Signer } from '../ports/signer.ts'
import { beatText, signedClaim } from '../sync/beat.ts'
import { claimOf } from '../sync/claim.ts'

/** The id of whoever has that key, as peers and reviewers sign under it. */
export function peerIdOf(publicKey: string): Uuid {
  return whoamiId(publicKey)
}

/** The id of the peer that says in a beat that it reviews; undefined: it does not. */
export function saidClaim(text: string): Uuid | undefined {
  const said = JSON.parse(text) as unknown[]
  const claim = said[8] as [number, string] | null
  return claim && claim[1] === said[3] ? whoamiId(claim[1]) : undefined
}

/** The beat of a peer that claims an epoch on that position of home, whatever others say. */
export async function liesOf(
  space: Uuid,
  { no, home, epoch }: { readonly no: number; readonly home: Position; readonly epoch: number },
  by: { readonly keys: KeyPair; readonly signer: Signer },
): Promise<string> {
  const reached = { home, end: home }
  const claim = claimOf(space, { ...reached, epoch, reviewerId: whoamiId(by.keys.publicKey) })
  return beatText(space, { no, mayReview: true, reached, claim: await signedClaim(claim, by) }, by)
}
