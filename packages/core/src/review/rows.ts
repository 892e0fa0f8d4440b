/**
 * The rows for rules and assigners of a deployment: the canonical state with the messages that the
 * running batch has accepted. The rows of a type are built on the first read and kept up to date; a
 * deployment that reads none pays nothing. When a batch is not committed, the whole object is
 * discarded, and the reviewer creates a new one.
 */
import { assert } from '../base/assert.ts'
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Reader } from '../fold/read.ts'
import { type RowClass, buildRow, compareRows, rowClass } from '../fold/row.ts'
import type { EntityState } from '../fold/state.ts'
import { QueryEngine } from '../query/engine.ts'
import { type Entity, entity as declare } from '../schema/entity.ts'
import { anyJson } from '../schema/codec.ts'
import { eachKey } from '../schema/shape.ts'
import type { AnyRow, Query } from '../schema/types.ts'
import type { DecisionBatch, SpaceState } from './space.ts'

/** All rows of one type, and the values that were assigned in it. */
interface TypeRows {
  readonly rows: Map<Uuid, AnyRow>
  readonly engine: QueryEngine
  /** By assigned field. */
  readonly taken: ReadonlyMap<string, Set<unknown>>
}

export class SpaceRows {
  readonly #space: SpaceState
  readonly #types: ReadonlyMap<string, Entity> | undefined
  readonly #classes = new Map<string, RowClass>()
  readonly #kept = new Map<string, TypeRows>()

  constructor(space: SpaceState, types: ReadonlyMap<string, Entity> | undefined) {
    this.#space = space
    this.#types = types
  }

  /** The reader for values of the type. */
  reader(type: string): Reader {
    return this.#class(type).context
  }

  /** Builds the row of any state, committed or not. */
  build(type: string, id: Uuid, state: EntityState): AnyRow {
    return buildRow(id, state, this.#class(type))
  }

  /** The row after the batch so far, archived or not. */
  row(type: string, id: Uuid, batch: DecisionBatch): AnyRow | undefined {
    const kept = this.#kept.get(type)
    if (kept) return kept.rows.get(id)
    const state = batch.typeOf(id) === type ? batch.state(id) : undefined
    return state && this.build(type, id, state)
  }

  /** All rows of the type after the batch so far, archived ones included. */
  all(type: string, batch: DecisionBatch): readonly AnyRow[] {
    return [...this.keep(type, batch).rows.values()]
  }

  /** @throws CountersignError `invalid` for a malformed query. */
  query(type: string, query: Query<Entity>, batch: DecisionBatch): readonly AnyRow[] {
    return this.keep(type, batch).engine.query(query)
  }

  /** Whether a row has that value in the assigned field. */
  isTaken(
    at: { readonly type: string; readonly field: string },
    value: Json,
    batch: DecisionBatch,
  ): boolean {
    return this.keep(at.type, batch).taken.get(at.field)?.has(value) ?? false
  }

  /** Applies a state to the kept rows. Returns a function that reverts it. */
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

  /** Returns the kept rows of a type; builds them after the batch so far on the first call. @throws Missing */
  keep(type: string, batch: DecisionBatch): TypeRows {
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
      const entity: Entity = this.#types?.get(type) ?? declare(type, eachKey(anyJson))
      made = rowClass({
        entity,
        lenses: entity.lenses,
        table: this.#space.registers(type),
        viewerId: () => undefined,
        isMine: () => false,
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
  // An assigned value stays taken for ever, so nothing is removed.
  for (const [field, values] of taken) {
    const value = after?.[field]
    if (value !== undefined) values.add(value)
  }
}
