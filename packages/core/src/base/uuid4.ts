/** Random uuids. Apart from `uuid.ts`, which a store loads at once: nothing makes one before it is open. */
import { v4 } from 'uuid'
import type { Uuid } from './uuid.ts'

/** A uuid of version 4 from 16 random bytes. */
export function uuid4(random: Uint8Array): Uuid {
  return v4({ random })
}
