/**
 * Rows as rules and assigners of a deployment see them: everyone's view of the canonical state,
 * with what the running batch has admitted. The rows of a type are kept from the first question
 * on, and kept in step; a deployment that asks for none pays nothing. What was put here and is
 * not committed after all goes with the whole object: the reviewer then makes a new one.
 */
import { assert } from '../base/assert.ts'
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Reader } from '../fold/read.ts'
import { type RowClass, buildRow, compareRows, rowClass } from '../fold/row.ts'
import type { EntityState } from '../fold/state.ts'
import { QueryEngine } from '../query/engine.ts'
import { type Entity, entity as declare } from '../schema/entity.ts'
import { eachKey } from '../schema/shape.ts'
import type { AnyRow, Query } from '../schema/types.ts'
import type { Batch, SpaceState } from './space.ts'

/** All rows of one type, and the values that were assigned in it. */
interface TypeRows {
  readonly rows: Map<Uuid, AnyRow>
  readonly engine: QueryEngine
  /** By assigned field. */
  readonly taken: ReadonlyMap<string, Set<unknown>>
}

const anyJson = {
  '~standard': { version: 1, vendor: 'countersign', validate: (value: unknown) => ({ value }) },
} as const

export class SpaceRows {
  readonly #space: SpaceState
  readonly #types: ReadonlyMap<string, Entity> | undefined
  readonly #classes = new Map<string, RowClass>()
  readonly #kept = new Map<string, TypeRows>()

  constructor(space: SpaceState, types: ReadonlyMap<string, Entity> | undefined) {
    this.#space = space
    this.#types = types
  }

  /** How values of the type are read here. */
  reader(type: string): Reader {
    return this.#class(type).context
  }

  /** The row of a state, whether it counts or not. */
  build(type: string, id: Uuid, state: EntityState): AnyRow {
    return buildRow(id, state, this.#class(type))
  }

  /** The row as of the batch, archived or not. */
  row(type: string, id: Uuid, batch: Batch): AnyRow | undefined {
    const kept = this.#kept.get(type)
    if (kept) return kept.rows.get(id)
    const state = batch.typeOf(id) === type ? batch.state(id) : undefined
    return state && this.build(type, id, state)
  }

  /** All rows of the type as of the batch, archived ones too. */
  all(type: string, batch: Batch): readonly AnyRow[] {
    return [...this.keep(type, batch).rows.values()]
  }

  /** @throws CountersignError `invalid` for a query that is none. */
  query(type: string, query: Query<Entity>, batch: Batch): readonly AnyRow[] {
    return this.keep(type, batch).engine.query(query)
  }

  /** Whether that value stands in that assigned field of some row. */
  isTaken(
    at: { readonly type: string; readonly field: string },
    value: Json,
    batch: Batch,
  ): boolean {
    return this.keep(at.type, batch).taken.get(at.field)?.has(value) ?? false
  }

  /** Shows a state from now on. Returns how to take it back. */
  put(type: string, id: Uuid, state: EntityState): () => void {
    const kept = this.#kept.get(type)
    if (!kept) return () => {}
    const before = kept.rows.get(id)
    const after = this.build(type, id, state)
    const added = [...kept.taken].filter(([field, values]) => {
      const value = after[field]
      return value !== undefined && !values.has(value)
    })
    show(kept, id, after)
    return () => {
      show(kept, id, before)
      for (const [field, values] of added) values.delete(after[field])
    }
  }

  /** Keeps the rows of a type from now on; as of the batch, when they were not kept before. @throws Missing */
  keep(type: string, batch: Batch): TypeRows {
    const known = this.#kept.get(type)
    if (known) return known
    const rows = new Map<Uuid, AnyRow>()
    const { entity } = this.#class(type).context
    const kept = {
      rows,
      engine: new QueryEngine(entity, () => rows.values(), { compareOrder: compareRows }),
      taken: new Map([...entity.assignedFields].map((field) => [field, new Set<unknown>()])),
    }
    const add = (id: Uuid): void => {
      const state = batch.state(id)
      assert(state, 'an entity of a batch has a state')
      show(kept, id, this.build(type, id, state))
    }
    for (const [id] of batch.entitiesOf(type)) add(id)
    for (const { entityId } of batch.entries.flatMap((entry) => entry.writes))
      if (batch.typeOf(entityId) === type && !rows.has(entityId)) add(entityId)
    this.#kept.set(type, kept)
    return kept
  }

  #class(type: string): RowClass {
    let made = this.#classes.get(type)
    if (!made) {
      const entity: Entity = this.#types?.get(type) ?? declare(type, eachKey(anyJson as never))
      made = rowClass({
        entity,
        lenses: entity.lenses,
        table: this.#space.registers(type),
        viewerId: () => undefined,
        volatile: () => false,
      })
      this.#classes.set(type, made)
    }
    return made
  }
}

function show({ rows, engine, taken }: TypeRows, id: Uuid, after: AnyRow | undefined): void {
  const before = rows.get(id)
  if (after) rows.set(id, after)
  else rows.delete(id)
  engine.changed(before, after)
  // A value that was assigned once is never free again, so nothing is taken out.
  for (const [field, values] of taken) {
    const value = after?.[field]
    if (value !== undefined) values.add(value)
  }
}
