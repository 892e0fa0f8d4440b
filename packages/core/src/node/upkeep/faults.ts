/** The faults that a check of a stored space finds: each with its place, and each once. */
import { StoreError } from '../../ports/store-error.ts'
import type { Stored } from '../../ports/space-store.ts'

/** A record that is damaged, missing, or contradicts another one. */
export interface SpaceFault {
  /** Names the record: a table and its key. */
  readonly place: string
  readonly what: string
}

/** Of the same fault, which many records may show, one is reported. */
const REMEMBERED_MAX = 10_000

export class Faults {
  readonly #report: (fault: SpaceFault) => void
  readonly #reported = new Set<string>()
  count = 0

  constructor(report: (fault: SpaceFault) => void) {
    this.#report = report
  }

  add(place: string, what: string): void {
    const key = `${place}: ${what}`
    if (this.#reported.has(key)) return
    if (this.#reported.size < REMEMBERED_MAX) this.#reported.add(key)
    this.count++
    this.#report({ place, what })
  }

  /** The text of a stored record; undefined for a damaged one, which is reported. */
  text(stored: Stored<{ readonly text: string }>, place: string): string | undefined {
    if (stored.text.ok) return stored.text.value
    this.add(place, stored.text.error.message)
    return undefined
  }

  /** The result of a read; undefined where the store cannot read a record, which is reported. */
  async read<T>(place: string, step: () => Promise<T>): Promise<T | undefined> {
    try {
      return await step()
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      this.add(place, error.message)
      return undefined
    }
  }
}

/** A stored text as JSON; undefined where it is none. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
