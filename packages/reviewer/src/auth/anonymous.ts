/** A reviewer without a login. */
import type { Authenticate } from '@countersign/core/reviewer'

/**
 * Everybody may connect, and nobody proves who they are: the personal id of a session is what the client
 * claims, and `person.proved` is false. For demos, and for spaces whose address is the secret.
 */
export function anonymous(): Authenticate {
  return () => null
}
