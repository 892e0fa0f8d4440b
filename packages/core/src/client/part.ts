/**
 * A part of the store that is loaded when it is first needed: a file of its own in an app that was
 * built by a bundler. Only the driver loads parts, so the pure folders know nothing of it. Code
 * that an offline start needs is never a separate part, because it may be in no cache.
 */
import { CountersignError } from '../base/outcome.ts'

export class Part<T> {
  readonly #imported: () => Promise<T>
  #module: Promise<T> | undefined

  /** Bundlers read the `import()` of the function as text. */
  constructor(imported: () => Promise<T>) {
    this.#imported = imported
  }

  /**
   * The module of the part. Rejects with CountersignError `unavailable` where it cannot be loaded, as
   * without a network; the next call tries again. A part that was loaded takes no time: tests in
   * virtual time load theirs before (`testing/parts.ts`).
   */
  load(): Promise<T> {
    this.#module ??= this.#imported().catch((error: unknown) => {
      this.#module = undefined
      const why = `a part of this app could not be loaded: ${String(error)}`
      throw new CountersignError('unavailable', why)
    })
    return this.#module
  }
}
