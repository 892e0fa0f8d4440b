/** Time, as the replica and the reviewer read it. The only source of time. */
export interface Clock {
  /** Wall clock in milliseconds since 1970. For logs only, never for order. */
  now(): number
  /** Monotonic milliseconds; the origin has no meaning. */
  monotonic(): number
  /**
   * Runs `task` once, at least `delayMs` later and never inside this call. Returns a cancel
   * function.
   */
  after(delayMs: number, task: () => void): () => void
  /** Runs `task` after the current synchronous code of the app has returned. */
  soon(task: () => void): void
  /**
   * Runs `task` once, in a later turn than the next paint of the page. Returns a cancel function.
   * Absent where nothing is painted: `soon` is used instead.
   */
  afterPaint?(task: () => void): () => void
}
