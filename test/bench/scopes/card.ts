/** The type of the table `scopes`: cards on boards of the same size. */
import { entity } from '@countersign/core'
import { z } from 'zod'

export const ROWS_A_BOARD = 500

export const Card = entity(
  'card',
  z.object({ board: z.string(), title: z.string(), done: z.boolean() }),
  { idPolicy: 'supplied' },
).index('byBoard', ['board', 'title'])

/** Rows of a board lie far apart, as they were made at different times. */
export function boardOf(no: number): string {
  return `board ${no % boards}`
}

let boards = 1

/** How many rows there are. */
export function setRows(rows: number): void {
  boards = Math.max(1, Math.floor(rows / ROWS_A_BOARD))
}
