/**
 * Values that are kept while they have users, and for some time after: a component may mount again.
 */
import type { Clock } from '../../ports/clock.ts'

/** Time for which the rows of a query are followed after its last subscriber has left. */
const KEPT_MS = 60_000

/** The timers of what is kept in a store; they end with it. */
export class KeptTimers implements Pick<Clock, 'after'> {
  readonly #clock: Pick<Clock, 'after'>
  readonly #cancels = new Set<() => void>()

  constructor(clock: Pick<Clock, 'after'>) {
    this.#clock = clock
  }

  after(delayMs: number, task: () => void): () => void {
    const end = this.#clock.after(delayMs, () => {
      this.#cancels.delete(cancel)
      task()
    })
    const cancel = (): void => {
      this.#cancels.delete(cancel)
      end()
    }
    this.#cancels.add(cancel)
    return cancel
  }

  /** Nothing is kept any more: the store is closed. */
  end(): void {
    for (const cancel of this.#cancels) cancel()
  }
}

export class Keeping {
  readonly #clock: Pick<Clock, 'after'>
  readonly #begin: () => () => void
  #holders = 0
  #end: (() => void) | undefined
  #cancel: (() => void) | undefined

  /** `begin` returns what ends it. */
  constructor(clock: Pick<Clock, 'after'>, begin: () => () => void) {
    this.#clock = clock
    this.#begin = begin
  }

  /** Begins it unless it has begun. The returned function lets go; it is idempotent. */
  hold(): () => void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#holders++
    this.#end ??= this.#begin()
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      if (--this.#holders > 0) return
      this.#cancel = this.#clock.after(KEPT_MS, () => {
        this.#end?.()
        this.#end = undefined
      })
    }
  }
}
