/** Simulated locks of one origin: released by their tab, or when it dies. */
import type { Locks } from '../ports/locks.ts'

/** The locks of one tab, which can die. */
export interface TabLocks extends Locks {
  /** Ends the tab: its locks are released. */
  die(): void
}

/** Locks that the tabs of one simulated browser compete for. */
export class SimLocks {
  readonly #held = new Map<string, { readonly tab: object }>()

  /** The locks of one tab. */
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
