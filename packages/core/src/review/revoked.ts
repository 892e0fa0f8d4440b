/** What an operator may revoke, an author id or a person, and the key of a stored revocation. */
import type { Uuid } from '../base/uuid.ts'

/** One author id, for example of a device that was lost, or a person under all their author ids. */
export type Revoked = { readonly authorId: Uuid } | { readonly personalId: string }

/** The key under which a revocation is stored. */
export type RevocationKey = string & { readonly __brand: 'RevocationKey' }

/** The key of the revocation of an author id or a person. */
export function revocationKey(who: Revoked): RevocationKey {
  const key = 'authorId' in who ? `author ${who.authorId}` : `person ${who.personalId}`
  return key as RevocationKey
}

/** The keys of the revocations that concern an author id and the person who writes under it. */
export function keysOf(authorId: Uuid, personalId: string): readonly RevocationKey[] {
  return [revocationKey({ authorId }), revocationKey({ personalId })]
}

/** The sentence that the author is shown. */
export function revokedWords(key: RevocationKey): string {
  const who = key.startsWith('author ') ? 'this author id' : 'this person'
  return `${who} was revoked by the operator of this space`
}
