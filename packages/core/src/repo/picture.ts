/**
 * All canonical states of one moment, held for as long as something is made of them. A state is
 * immutable, and yet who had seen whom in it is read through links that retention shortens
 * (`retention.ts`); so it may hold a state over several turns only in a picture, which retention
 * knows of. There is one at a time.
 */
import type { Uuid } from '../base/uuid.ts'
import type { EntityState } from '../fold/state.ts'
import type { Table } from './table.ts'

export interface Pictured {
  readonly table: Table
  readonly id: Uuid
  readonly state: EntityState
}

export class Picture {
  readonly #held: Pictured[] = []

  constructor(tables: Iterable<Table>) {
    for (const table of tables) {
      for (const { id } of table.rows()) {
        const state = table.canonical(id)
        if (!state) continue
        this.#held.push({ table, id, state })
        table.hold(id, state)
      }
    }
  }

  get size(): number {
    return this.#held.length
  }

  /** Makes something of up to `count` states, which are let go with that. */
  take<T>(count: number, make: (pictured: Pictured) => T): T[] {
    const part = this.#held.slice(-count)
    const made = part.map(make)
    this.#release(part)
    return made
  }

  /** Lets go of what is left. */
  end(): void {
    this.#release(this.#held)
  }

  #release(part: readonly Pictured[]): void {
    for (const { table, id } of part) table.letGo(id)
    this.#held.splice(-part.length, part.length)
  }
}
