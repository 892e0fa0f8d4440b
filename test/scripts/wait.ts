/** The longest that a test waits for what must come, in milliseconds; below a test's own limit. */
export const WAIT_MS = 30_000
