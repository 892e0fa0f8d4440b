/**
 * Counters, by brute force: the sum of all increments that are there, each counted once. No order
 * matters, so none is asked for.
 */
import type { OracleMessage, OracleRow, OracleWrite } from './oracle.ts'

/** In the place of who wrote it. */
export const EVERYBODY = 'everybody'

export function isOperation(value: unknown): value is { readonly $op: readonly [string, number] } {
  return typeof value === 'object' && value !== null && '$op' in value
}

/** The row after these messages of one entity, with the sum of its increments in their place. */
export function withSums(
  row: OracleRow,
  messages: readonly OracleMessage[],
  entity: string,
): OracleRow {
  const changes = messages.flatMap((message) =>
    message.changes.filter((change) => change.entity === entity),
  )
  const live = new Map(row.live)
  for (const [reg, writes] of row.live) {
    if (!writes.some(({ value }) => isOperation(value))) continue
    const increments = changes.map(({ set }) => set[reg]).filter(isOperation)
    const value = increments.reduce((sum, { $op: [, n] }) => sum + n, 0)
    live.set(reg, [{ by: EVERYBODY, value } satisfies OracleWrite])
  }
  return { ...row, live }
}
