/**
 * Messages among the tabs of one origin (BroadcastChannel). They are hints: they may be lost,
 * repeated or late, and whoever receives one looks into the storage.
 */
export interface Channel {
  /** Reaches the others of that name, not this one. `message` is fit for structured clone. */
  post(message: unknown): void
  close(): void
}

/**
 * Opens the channel of that name, and calls `onMessage` with what other tabs post to it, never with
 * own messages.
 */
export type OpenChannel = (name: string, onMessage: (message: unknown) => void) => Channel
