/**
 * The app's token for the next link: requested each time, and after a refusal with a growing pause.
 */
import type { SessionParts } from './session-host.ts'

/** Time for the app to return a token before the delay is shown. */
const LATE_MS = 10_000
const PAUSE_MIN_MS = 1_000
const PAUSE_MAX_MS = 300_000

export interface TokenEvents {
  /** Whether the link that needs it is the present one. */
  readonly isLive: () => boolean
  readonly after: (delayMs: number, task: () => void) => void
  /** Called when the app has not returned a token yet, with a sentence. */
  readonly late: (note: string) => void
  readonly here: (token: string | undefined) => void
  /** Called when the app's function failed, with a sentence. */
  readonly unavailable: (note: string) => void
}

export class Tokens {
  readonly #parts: Pick<SessionParts, 'host' | 'random'>
  /** Number of failures since the last accepted token. */
  #refused = 0

  constructor(parts: Pick<SessionParts, 'host' | 'random'>) {
    this.#parts = parts
  }

  /**
   * Asks the app. A link that waits for its answer would be closed by the reviewer, so none is opened
   * before; without a function of the app, the answer is here in this turn.
   */
  ask(events: TokenEvents): void {
    const token = this.#parts.host.token()
    if (!(token instanceof Promise)) {
      events.here(token)
      return
    }
    events.after(LATE_MS, () => events.late('the app has no token yet'))
    token.then(
      (had) => events.isLive() && events.here(had),
      (error: unknown) => {
        const words = error instanceof Error ? error.message : String(error)
        if (events.isLive()) events.unavailable(`the app has no token: ${words}`)
      },
    )
  }

  /** Called when the reviewer has accepted a token, or the app has another one. */
  taken(): void {
    this.#refused = 0
  }

  /**
   * Pause after a refused token. With jitter, to spare the app's login service, and short at first:
   * an expired token is usually replaced at once.
   */
  pauseMs(): number {
    const mostMs = Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS * 2 ** Math.min(this.#refused++, 10))
    return (mostMs / 2) * (1 + this.#parts.random.unit())
  }
}
