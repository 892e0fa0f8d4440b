/**
 * The logins of the demo: persons with a token of its issuer, and visitors without one, each a new
 * person on each device.
 */
import { jwt } from '@countersign/reviewer'
import type { Authenticate } from '@countersign/core/reviewer'
import { AUDIENCE, ISSUER } from './issuer.ts'

/** `key`: the public key of the issuer, as a JWK; undefined: there is no issuer. */
export function loginOf(key: string | undefined): Authenticate | undefined {
  if (key === undefined) return undefined
  const verified = jwt({
    ...{ key: JSON.parse(key) as object, issuer: ISSUER, audience: AUDIENCE },
    personalId: ({ sub }) => sub,
  })
  return (auth, peer) => (auth === undefined ? null : verified(auth, peer))
}
