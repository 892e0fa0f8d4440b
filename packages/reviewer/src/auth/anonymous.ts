/** A reviewer without a login. */
import type { Authenticate } from '@countersign/core/reviewer'

/**
 * Every client may connect without a proof of its person: the personal id of a session is the
 * client's claim, and `person.proved` is false. For demos, and for spaces whose address is the
 * secret.
 */
export function anonymous(): Authenticate {
  return () => null
}
