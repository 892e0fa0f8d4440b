/**
 * The parts of a space that followers ask for in W14, and what of the truth is in each: rows in which
 * some live write of each register has one of the values, regardless of which one is shown.
 */
import type { Entity, Query } from '@countersign/core'
import type { OracleRow } from '../model/oracle.ts'
import { Badge, Card, Place, Span, Task, type WorldType } from './entities.ts'

type Value = string | number | boolean

/** What a condition of a query means of one value. */
type Condition = Value | { readonly in: readonly Value[] } | Range
interface Range {
  readonly gt?: number
  readonly gte?: number
  readonly lt?: number
  readonly lte?: number
}

export interface Shape {
  readonly type: WorldType
  readonly query: Query<Entity>
  readonly where: readonly (readonly [reg: string, condition: Condition])[]
}

function shape(type: WorldType, where: Readonly<Record<string, Condition>>): Shape {
  const query = { where, archived: 'include' } as unknown as Query<Entity>
  return { type, query, where: Object.entries(where) }
}

/** By a declared index or not, of one equality or several, ranges, and whole types. */
export const SHAPES: readonly Shape[] = [
  ...[0, 1, 2, 3, 4, 5].map((points) => shape(Task, { points })),
  ...[true, false].map((done) => shape(Task, { done })),
  shape(Task, { points: 2, done: true }),
  shape(Task, { points: { in: [1, 4] } }),
  shape(Task, { points: { gte: 2, lt: 5 } }),
  shape(Task, { done: true, points: { gt: 3 } }),
  shape(Task, { title: 'A' }),
  shape(Task, {}),
  shape(Badge, { level: 1 }),
  shape(Badge, { level: { lte: 2 } }),
  shape(Badge, {}),
  shape(Place, { visits: { in: [3, 5, 7] } }),
  shape(Card, { title: 'B' }),
  shape(Card, { rank: 2 }),
  shape(Span, { from: 0 }),
]

/** Whether a row is in it. */
export function isIn({ where }: Shape, { live }: OracleRow): boolean {
  return where.every(([reg, condition]) =>
    (live.get(reg) ?? []).some(({ value }) => holds(value, condition)),
  )
}

function holds(value: unknown, condition: Condition): boolean {
  if (typeof condition !== 'object') return value === condition
  if ('in' in condition) return condition.in.includes(value as Value)
  if (typeof value !== 'number') return false
  const { gt = -Infinity, gte = -Infinity, lt = Infinity, lte = Infinity } = condition
  return value > gt && value >= gte && value < lt && value <= lte
}
