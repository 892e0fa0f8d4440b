/** Promises that resolve with the verdict on a message. */
import type { Entry } from '../../history/entry.ts'

export class Settling {
  readonly #waiting = new Map<Entry, (() => void)[]>()

  settled(entry: Entry): Promise<void> {
    if (entry.review || entry.rejection) return Promise.resolve()
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(entry)
      if (waiting) waiting.push(resolve)
      else this.#waiting.set(entry, [resolve])
    })
  }

  /** Resolves the promises of an entry that has a verdict. */
  done(entry: Entry): void {
    const waiting = this.#waiting.get(entry)
    this.#waiting.delete(entry)
    for (const resolve of waiting ?? []) resolve()
  }
}
