/** The channels of one simulated origin: delivered later, to the others, and as clones. */
import type { OpenChannel } from '../ports/channel.ts'
import type { Clock } from '../ports/clock.ts'

/**
 * Channels between the tabs of one simulated browser. A post is copied, arrives later, and never at
 * its sender.
 */
export class SimChannels {
  readonly #open = new Map<string, Set<(message: unknown) => void>>()

  /** The channels as one tab has them. */
  tab(clock: Clock): OpenChannel {
    return (name, onMessage) => {
      const all = this.#open.get(name) ?? new Set()
      this.#open.set(name, all)
      const own = (message: unknown): void =>
        void clock.after(0, () => {
          if (all.has(own)) onMessage(message)
        })
      all.add(own)
      return {
        post: (message) => {
          const text = JSON.stringify(message)
          for (const other of all) if (other !== own) other(JSON.parse(text))
        },
        close: () => void all.delete(own),
      }
    }
  }
}
