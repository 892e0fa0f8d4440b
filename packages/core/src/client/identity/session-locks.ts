/** The sessions of this device that this store holds: a session is alive while a store holds its lock. */
import type { Uuid } from '../../base/uuid.ts'
import type { Locks } from '../../ports/locks.ts'

export class SessionLocks {
  readonly #locks: Locks
  readonly #space: Uuid
  readonly #releases = new Map<Uuid, () => void>()
  #isClosed = false

  constructor(locks: Locks, space: Uuid) {
    this.#locks = locks
    this.#space = space
  }

  /** Whether this store holds the session now, so that no other store sends its messages. */
  async hold(sessionId: Uuid): Promise<boolean> {
    if (this.#releases.has(sessionId)) return true
    if (this.#isClosed) return false
    const release = await this.#locks.tryAcquire(`countersign:${this.#space}:${sessionId}`)
    // A store that was closed during the wait would keep the lock for ever.
    if (this.#isClosed) release?.()
    else if (release) this.#releases.set(sessionId, release)
    return this.#releases.has(sessionId)
  }

  /** Whether this tab holds it. */
  holds(sessionId: Uuid): boolean {
    return this.#releases.has(sessionId)
  }

  /** Gives back those that need not be kept: another tab may look after their messages. */
  releaseUnless(isKept: (sessionId: Uuid) => boolean): void {
    for (const [sessionId, release] of this.#releases) {
      if (isKept(sessionId)) continue
      this.#releases.delete(sessionId)
      release()
    }
  }

  /** Gives all back; none is held any more. */
  releaseAll(): void {
    this.#isClosed = true
    for (const release of this.#releases.values()) release()
    this.#releases.clear()
  }
}
