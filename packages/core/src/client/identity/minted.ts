/** Entities that this session creates with ids that earlier sessions of the author have minted. */
import type { Uuid } from '../../base/uuid.ts'

export class MintedIds {
  readonly #session: () => Uuid | undefined
  readonly #sessions = new Map<Uuid, Uuid>()

  constructor(session: () => Uuid | undefined) {
    this.#session = session
  }

  /** Lets this session create an entity whose id an earlier session minted; the first session named counts. */
  readonly note = (entityId: Uuid, sessionId: Uuid): void => {
    if (sessionId === this.#session()) return
    if (!this.#sessions.has(entityId)) this.#sessions.set(entityId, sessionId)
  }

  /** The session that has minted it; undefined: this one. */
  readonly sessionOf = (entityId: Uuid): Uuid | undefined => this.#sessions.get(entityId)

  readonly has = (entityId: Uuid): boolean => this.#sessions.has(entityId)
}
