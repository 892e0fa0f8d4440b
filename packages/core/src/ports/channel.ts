/**
 * Messages among the tabs of one origin (BroadcastChannel). They may be lost, repeated or late:
 * their content is also in the storage, which the receiver reads later.
 */
export interface Channel {
  /**
   * Sends to the other channels of this name, not to this one. `message` can be cloned
   * structurally.
   */
  post(message: unknown): void
  close(): void
}

/**
 * Opens the channel of that name. Calls `onMessage` with messages of other tabs, never with its
 * own.
 */
export type OpenChannel = (name: string, onMessage: (message: unknown) => void) => Channel
