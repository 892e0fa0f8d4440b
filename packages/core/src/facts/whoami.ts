/**
 * Ids that are hashes: of authors and entities. A write of the app calls only `EntityIds.next`,
 * which is a counter with a tag that is computed once a session.
 */
import { type Hash, hash, hashBytes } from '../base/hash.ts'
import { type Uuid, uuid8 } from '../base/uuid.ts'

/** The public id of an author: a hash of its public key. */
export function whoamiId(publicKey: string): Uuid {
  return uuid8(hashBytes('cs/whoami', publicKey))
}

/** The commitment to a personal id, part of every session. */
export function personalCommit(space: Uuid, personalId: string, salt: string): Hash {
  return hash('cs/personal', [space, personalId, salt])
}

/** The bytes that a whoami key signs to claim a session and its commitment. */
export function grantBytes(
  space: Uuid,
  authorId: Uuid,
  session: { sessionId: Uuid; commit: Hash },
): Uint8Array {
  return hashBytes('cs/grant', [space, authorId, session.sessionId, session.commit])
}

/**
 * Prefix of the personal ids that a store makes for a user who is not signed in. No login uses it.
 */
export const ANONYMOUS = 'anonymous:'

/**
 * Whether a store made the personal id. It identifies no person, only the holder of the key of its
 * sessions.
 */
export function isAnonymous(personalId: string): boolean {
  return personalId.startsWith(ANONYMOUS)
}

const COUNTER_SPAN = 2 ** 42

/**
 * The first 80 bits of H('cs/entity', [space, authorId, sessionId]), placed around the
 * version and variant bits: 24 characters of text, and 6 bits above the 42 of the counter.
 */
function entityTag(space: Uuid, authorId: Uuid, sessionId: Uuid): { prefix: string; high: number } {
  const tag = hashBytes('cs/entity', [space, authorId, sessionId])
  const hex = (from: number, to: number): string => {
    let text = ''
    for (let nibble = from; nibble < to; nibble++) text += nibbleOf(tag, nibble).toString(16)
    return text
  }
  // 60 bits precede the variant, 14 bits are beside and after it, 6 bits above the counter.
  const bits =
    (nibbleOf(tag, 15) << 16) |
    (nibbleOf(tag, 16) << 12) |
    (nibbleOf(tag, 17) << 8) |
    (nibbleOf(tag, 18) << 4) |
    nibbleOf(tag, 19)
  const variant = (0x8 | (bits >> 18)).toString(16)
  const low12 = ((bits >> 6) & 0xfff).toString(16).padStart(3, '0')
  return {
    prefix: `${hex(0, 8)}-${hex(8, 12)}-8${hex(12, 15)}-${variant}${low12}-`,
    high: (bits & 0x3f) * COUNTER_SPAN,
  }
}

function nibbleOf(bytes: Uint8Array, index: number): number {
  const byte = bytes[index >> 1]!
  return index % 2 === 0 ? byte >> 4 : byte & 15
}

/** Makes the ids of the entities that one session creates: synchronous, sorted by creation. */
export class EntityIds {
  readonly #prefix: string
  readonly #high: number
  #count = 0

  constructor(space: Uuid, authorId: Uuid, sessionId: Uuid) {
    const { prefix, high } = entityTag(space, authorId, sessionId)
    this.#prefix = prefix
    this.#high = high
  }

  next(): Uuid {
    return this.#prefix + (this.#high + this.#count++).toString(16).padStart(12, '0')
  }

  /** Whether this session could have minted `id`. */
  minted(id: Uuid): boolean {
    if (!id.startsWith(this.#prefix)) return false
    const low = Number.parseInt(id.slice(24), 16)
    return low - (low % COUNTER_SPAN) === this.#high
  }
}
