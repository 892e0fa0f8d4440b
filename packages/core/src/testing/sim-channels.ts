/** Simulated BroadcastChannels of one origin: asynchronous, not delivered to the sender, cloned. */
import type { OpenChannel } from '../ports/channel.ts'
import type { Clock } from '../ports/clock.ts'

/**
 * Channels between the tabs of one simulated browser. A message is cloned, arrives later, and never
 * at its sender.
 */
export class SimChannels {
  readonly #open = new Map<string, Set<(message: unknown) => void>>()

  /** The channels of one tab. */
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
