/** The sessions of this device that a link may speak for, and the keys that prove them. */
import type { Uuid } from '../../base/uuid.ts'
import type { SessionOpening } from '../../facts/message.ts'
import type { KeyPair } from '../../ports/signer.ts'

export class OwnSessions {
  /** By session: of this store, and ended ones whose messages wait. */
  readonly openings: Map<Uuid, SessionOpening> = new Map()
  /** Openings by session, of the authors that are this person's; sent to the reviewer with each link. */
  readonly claims: Map<Uuid, SessionOpening> = new Map()
  /** Of the authors of this device. */
  readonly keys: Map<Uuid, KeyPair> = new Map()
  #own: SessionOpening | undefined

  /** The session of this store is tied to its person. */
  bound(opening: SessionOpening): void {
    this.#own = opening
    this.openings.set(opening.sessionId, opening)
  }

  /** The session of a key that writes here as soon as nothing waits: the link speaks for it, too. */
  announced(opening: SessionOpening, keys: KeyPair): void {
    this.keys.set(opening.authorId, keys)
    this.claims.set(opening.sessionId, opening)
  }

  /** Those to bind: that of this store first, and claims once there is one. */
  list(): readonly SessionOpening[] {
    const own = this.#own
    if (!own) return [...this.openings.values()]
    return [...new Map([[own.sessionId, own], ...this.openings, ...this.claims]).values()]
  }
}
