/** Who may be revoked: an author id or a person, and under what that is stored. */
import type { Uuid } from '../base/uuid.ts'

/** Who is revoked: one author id, as of a device that was lost, or a person under all of them. */
export type Revoked = { readonly authorId: Uuid } | { readonly personalId: string }

/** Under what a revocation is stored. */
export type RevocationKey = string & { readonly __brand: 'RevocationKey' }

/** The key of who is revoked. */
export function revocationKey(who: Revoked): RevocationKey {
  const key = 'authorId' in who ? `author ${who.authorId}` : `person ${who.personalId}`
  return key as RevocationKey
}

/** Under what an author id, and the person who writes under it, may be revoked. */
export function keysOf(authorId: Uuid, personalId: string): readonly RevocationKey[] {
  return [revocationKey({ authorId }), revocationKey({ personalId })]
}

/** For the author, as a sentence. */
export function revokedWords(key: RevocationKey): string {
  const who = key.startsWith('author ') ? 'this author id' : 'this person'
  return `${who} was revoked by the operator of this space`
}
