/**
 * The rows of a type that are in conflict, updated with the rows, oldest conflict first. A row
 * without concurrent writes costs one check of a flag.
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

  /** Records the current row of an entity. */
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
