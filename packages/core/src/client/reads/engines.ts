/** The query engine of one table. */
import { compareRows, standInsOf } from '../../fold/row.ts'
import { QueryEngine } from '../../query/engine.ts'
import type { Table } from '../../rows/table.ts'

/** An engine that follows `table` from now on. */
export function engineOf(table: Table): QueryEngine {
  const engine = new QueryEngine(table.entity, () => table.rows(), {
    compareOrder: compareRows,
    variants: standInsOf,
  })
  table.sink = engine
  return engine
}
