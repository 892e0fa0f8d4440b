/**
 * Messages among the tabs of one origin (BroadcastChannel). They are hints: they may be lost,
 * repeated or late, and whoever receives one looks into the storage.
 */
export interface Channel {
  /** Reaches the others of that name, not this one. `message` is fit for structured clone. */
  post(message: unknown): void
  close(): void
}

export type OpenChannel = (name: string, onMessage: (message: unknown) => void) => Channel
