/** The locks of one simulated origin: free again when their tab releases them, or dies. */
import type { Locks } from '../ports/locks.ts'

/** The locks of one tab, which can die. */
export interface TabLocks extends Locks {
  /** The tab is gone, and with it all that it held. */
  die(): void
}

/** Locks that the tabs of one simulated browser compete for. */
export class SimLocks {
  readonly #held = new Map<string, { readonly tab: object }>()

  /** The locks as one tab has them. */
  tab(): TabLocks {
    const tab = {}
    return {
      tryAcquire: (name) => {
        if (this.#held.has(name)) return Promise.resolve(undefined)
        const hold = { tab }
        this.#held.set(name, hold)
        return Promise.resolve(() => {
          if (this.#held.get(name) === hold) this.#held.delete(name)
        })
      },
      die: () => {
        for (const [name, hold] of this.#held) if (hold.tab === tab) this.#held.delete(name)
      },
    }
  }

  isHeld(name: string): boolean {
    return this.#held.has(name)
  }
}
