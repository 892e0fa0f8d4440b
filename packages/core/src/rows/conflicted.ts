/**
 * Which rows of a type are in conflict, kept in step with the rows, oldest conflict first. A
 * row on which nobody ever wrote side by side costs one look at a flag.
 */
import type { Uuid } from '../base/uuid.ts'
import { isInConflict } from '../fold/row.ts'
import type { AnyRow } from '../schema/types.ts'

export class Conflicted {
  readonly #rows = new Map<Uuid, AnyRow>()
  readonly #listeners = new Set<() => void>()
  #isTouched = false

  rows(): IterableIterator<AnyRow> {
    return this.#rows.values()
  }

  /** What is shown of that entity now. */
  note(id: Uuid, row: AnyRow | undefined): void {
    if (row && isInConflict(row)) this.#rows.set(id, row)
    else if (this.#rows.size === 0 || !this.#rows.delete(id)) return
    this.#isTouched = true
  }

  subscribe(listener: () => void): () => void {
    const own = (): void => listener()
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  unsubscribeAll(): void {
    this.#listeners.clear()
  }

  emit(onError: (error: unknown) => void): void {
    if (!this.#isTouched) return
    this.#isTouched = false
    for (const listener of [...this.#listeners]) {
      try {
        listener()
      } catch (error) {
        onError(error)
      }
    }
  }
}
