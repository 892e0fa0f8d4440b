/** The public list of conflicts: one element for each field, with its own `resolve`. */
import type { Uuid } from '../../base/uuid.ts'
import type { Table } from '../../rows/table.ts'
import type { Entity } from '../../schema/entity.ts'
import type { AnyRow } from '../../schema/types.ts'
import type { Conflict, LiveList, Receipt } from '../store.ts'

/** Resolves one field. */
export type ResolveField = (
  entity: Entity,
  id: Uuid,
  decision: Readonly<Record<string, unknown>>,
) => Receipt

/** The conflicts of some tables. List and elements keep their identity until a row in conflict changes. */
export class ConflictList implements LiveList<Conflict> {
  readonly #tables: readonly Table[]
  readonly #resolve: ResolveField
  #byRow = new Map<AnyRow, readonly Conflict[]>()
  #shown: readonly Conflict[] = Object.freeze([])

  constructor(tables: readonly Table[], resolve: ResolveField) {
    this.#tables = tables
    this.#resolve = resolve
  }

  snapshot(): readonly Conflict[] {
    const byRow = new Map<AnyRow, readonly Conflict[]>()
    for (const table of this.#tables) {
      for (const row of table.conflicted.rows())
        byRow.set(row, this.#byRow.get(row) ?? this.#ofRow(table.entity, row))
    }
    const isSame =
      byRow.size === this.#byRow.size && [...byRow.keys()].every((row) => this.#byRow.has(row))
    if (isSame) return this.#shown
    this.#byRow = byRow
    return (this.#shown = Object.freeze([...byRow.values()].flat()))
  }

  subscribe(listener: () => void): () => void {
    const ends = this.#tables.map((table) => table.conflicted.subscribe(listener))
    return () => ends.forEach((end) => end())
  }

  #ofRow(entity: Entity, row: AnyRow): readonly Conflict[] {
    return Object.entries(row.$conflicts).map(([field, { base, candidates }]) =>
      Object.freeze({
        entity,
        id: row.id,
        field,
        base,
        candidates,
        resolve: (value: unknown) => this.#resolve(entity, row.id, { [field]: value }),
      }),
    )
  }
}
