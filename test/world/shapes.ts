/**
 * The parts of a space that followers ask for in W14, and what of the truth is in each: rows in which
 * some live write of each register has one of the values, whoever shows which of them.
 */
import type { Entity, Query } from '@countersign/core'
import type { OracleRow } from '../model/oracle.ts'
import { Badge, Card, Place, Span, Task, type WorldType } from './entities.ts'

type Value = string | number | boolean

export interface Shape {
  readonly type: WorldType
  readonly query: Query<Entity>
  readonly equal: readonly (readonly [reg: string, values: readonly Value[]])[]
}

function shape(type: WorldType, equal: Readonly<Record<string, Value | readonly Value[]>>): Shape {
  const where = Object.entries(equal).map(
    ([field, value]) => [field, Array.isArray(value) ? { in: value } : value] as const,
  )
  return {
    type,
    query: { where: Object.fromEntries(where), archived: 'include' } as Query<Entity>,
    equal: Object.entries(equal).map(([reg, value]) => [reg, [value].flat() as Value[]] as const),
  }
}

/** By a declared index or not, of one equality or several, and whole types. */
export const SHAPES: readonly Shape[] = [
  ...[0, 1, 2, 3, 4, 5].map((points) => shape(Task, { points })),
  ...[true, false].map((done) => shape(Task, { done })),
  shape(Task, { points: 2, done: true }),
  shape(Task, { points: [1, 4] }),
  shape(Task, { title: 'A' }),
  shape(Task, {}),
  shape(Badge, { level: 1 }),
  shape(Badge, {}),
  shape(Place, { visits: [3, 5, 7] }),
  shape(Card, { title: 'B' }),
  shape(Card, { rank: 2 }),
  shape(Span, { from: 0 }),
]

/** Whether a row is in it. */
export function isIn({ equal }: Shape, { live }: OracleRow): boolean {
  return equal.every(([reg, values]) =>
    (live.get(reg) ?? []).some(({ value }) => values.includes(value as Value)),
  )
}
