/** The turns of a space: batch after batch is decided while offers wait, and jobs run between two batches. */
import type { Clock } from '../ports/clock.ts'
import type { Desk } from './desk.ts'
import type { Intake } from './intake.ts'

export interface ReviewTurnsParts {
  readonly clock: Clock
  readonly intake: Intake
  readonly desk: Desk
  /** Called between two batches, with what the last one decided. */
  readonly onDecided: (decision: Awaited<ReturnType<Desk['batch']>>) => Promise<void>
  /** Called with the error of a job. */
  readonly onError: (error: unknown) => void
}

export class ReviewTurns {
  readonly #parts: ReviewTurnsParts
  /** Jobs that run between two decisions. */
  readonly #jobs: (() => Promise<unknown>)[] = []
  #working: Promise<void> | undefined

  constructor(parts: ReviewTurnsParts) {
    this.#parts = parts
  }

  /** Called when offers wait. */
  start(): void {
    this.#working ??= this.#work()
  }

  /** Runs a job when no decision is under way. */
  between(job: () => Promise<unknown>): void {
    this.#jobs.push(job)
    this.start()
  }

  /** Resolves when nothing waits. */
  async ended(): Promise<void> {
    await this.#working
  }

  /** Decides batch after batch until the queue is empty. */
  async #work(): Promise<void> {
    const { intake, desk, clock, onDecided, onError } = this.#parts
    try {
      while (!intake.isEmpty || this.#jobs.length > 0) {
        const job = this.#jobs.shift()
        if (job) await job().catch(onError)
        if (intake.isEmpty) continue
        // Offers that arrive in the same turn are in the same batch.
        await new Promise<void>((resolve) => clock.soon(resolve))
        const offers = intake.take()
        const decision = await desk.batch(offers)
        intake.answered(offers)
        await onDecided(decision)
      }
    } finally {
      this.#working = undefined // in the turn in which the queue is empty: the next offer starts `#work` again
    }
  }
}
