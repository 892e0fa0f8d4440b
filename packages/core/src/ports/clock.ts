/** Time, as the replica and the reviewer see it. The only source of time there is. */
export interface Clock {
  /** Wall clock in milliseconds since 1970. For logs only, never for order. */
  now(): number
  /** Monotonic milliseconds; the origin means nothing. */
  monotonic(): number
  /** Runs `task` once, at least `delayMs` later and never inside this call. Returns its cancellation. */
  after(delayMs: number, task: () => void): () => void
  /** Runs `task` when the present tick of the app's own code has ended. */
  soon(task: () => void): void
  /**
   * Runs `task` once, in a later turn than the next paint of the page. Returns its cancellation.
   * Absent where nothing is painted: then what would wait for it runs `soon`.
   */
  afterPaint?(task: () => void): () => void
}
