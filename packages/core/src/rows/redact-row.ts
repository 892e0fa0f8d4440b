/** Erases values of rows. Apart from `Table`, which loads at once. */
import { redact } from '../fold/redact.ts'
import { type ErasedBefore, eraseIn } from '../history/erased.ts'
import type { Table } from './table.ts'

/** Erases values of a canonical state, and what pending writes on it have noted of them. */
export function redactRow(table: Table, erased: ErasedBefore): void {
  const { entityId } = erased
  const state = table.canonical(entityId)
  if (!state) return
  eraseIn(
    table.pending(entityId).map(({ entry }) => entry),
    erased,
  )
  table.replaceCanonical(entityId, redact(state, erased, table.registers))
}
