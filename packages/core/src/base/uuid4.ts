/**
 * Random uuids. A file of its own, because a store loads `uuid.ts` at once and needs no random uuid
 * before it is open.
 */
import { v4 } from 'uuid'
import type { Uuid } from './uuid.ts'

/** A uuid of version 4 from 16 random bytes. */
export function uuid4(random: Uint8Array): Uuid {
  return v4({ random })
}
