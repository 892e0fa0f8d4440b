/** The query engine of one table. */
import { compareRows, standInsOf } from '../../fold/row.ts'
import { QueryEngine } from '../../query/engine.ts'
import type { Table } from '../../rows/table.ts'

/** Creates the engine of `table`, and subscribes it to its changes. */
export function engineOf(table: Table): QueryEngine {
  const engine = new QueryEngine(table.entity, () => table.rows(), {
    compareOrder: compareRows,
    variants: standInsOf,
  })
  table.sink = engine
  return engine
}
