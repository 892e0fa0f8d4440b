/** The rows that links may read, where the deployment limits rights to read. */
import type { AnyRow } from '../schema/types.ts'
import type { Entity } from '../schema/entity.ts'
import type { EntityState } from '../fold/state.ts'
import { Missing } from '../review/missing.ts'
import type { Persons } from '../review/persons.ts'
import { type CanRead, mayRead } from '../review/read-rights.ts'
import { SpaceRows } from '../review/rows.ts'
import { RuleFailure } from '../review/rules.ts'
import { DecisionBatch, type SpaceState } from '../review/space.ts'
import type { Connection } from './connection.ts'
import type { Events } from './events.ts'
import type { StateOf } from './scope-states.ts'
import type { SpaceSource } from './source.ts'

export interface ReadersParts {
  readonly canRead: CanRead | undefined
  readonly types: ReadonlyMap<string, Entity> | undefined
  readonly space: SpaceState
  readonly persons: Persons
  readonly source: SpaceSource
  readonly events: Events
}

export class Readers {
  readonly #parts: ReadersParts
  readonly #rows: SpaceRows
  /** A state is shown to many links, and its row is built once. */
  readonly #built = new WeakMap<EntityState, AnyRow>()

  constructor(parts: ReadersParts) {
    this.#parts = parts
    this.#rows = new SpaceRows(parts.space, parts.types)
  }

  /** Whether the deployment limits rights to read. */
  get areLimited(): boolean {
    return this.#parts.canRead !== undefined
  }

  /**
   * Whether the person of a link may read a row in that state. A rule that fails shows nothing.
   * @throws Missing where something has to be loaded first (`load`)
   */
  mayRead({ person }: Connection, { id, type, state }: StateOf): boolean {
    const { canRead, space, persons, events } = this.#parts
    if (!canRead) return true
    const batch = new DecisionBatch(space, new Map(), (authorId) => persons.of(authorId))
    const row = this.#built.get(state) ?? this.#rows.build(type, id, state)
    this.#built.set(state, row)
    try {
      return mayRead(person, { type, row }, { canRead, batch })
    } catch (error) {
      if (!(error instanceof RuleFailure)) throw error
      const { stack } = error.cause instanceof Error ? error.cause : {}
      events.emit({ type: 'can_read_failed', error: error.message, stack, entity: type })
      return false
    }
  }

  /** Loads the missing item. */
  load({ need }: Missing): Promise<void> {
    return this.#parts.source.need(need, new Map())
  }

  /** Whether a link may learn of an entity. A request for an unknown row gets the same answer. */
  async mayAsk(connection: Connection, id: StateOf['id']): Promise<boolean> {
    const { space, source } = this.#parts
    if (!this.areLimited) return true
    for (;;) {
      await source.entities([id])
      const found = space.has(id) ? space.entity(id) : undefined
      try {
        return found !== undefined && this.mayRead(connection, { id, ...found })
      } catch (error) {
        if (!(error instanceof Missing)) throw error
        await this.load(error)
      }
    }
  }
}
