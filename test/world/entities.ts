/**
 * The types of the simulated world, small pools of values so that authors often choose the same
 * one, and the queries that its screens show.
 */
import { type Entity, type Query, entity, optional } from '@countersign/core'
import { z } from 'zod'
import type { Random } from '../model/random.ts'

export const Task = entity('task', {
  title: z.string().max(100_000),
  done: z.boolean(),
  points: z.number().int(),
  note: optional(z.string()),
  tags: optional(z.array(z.string())),
})
  .index('board', ['done', '$createdOrderKey'])
  .index('points', ['points', '-title'])

/** Two authors may create the same one; both creations stand. */
export const Place = entity(
  'place',
  { name: z.string(), visits: z.number().int(), closed: optional(z.boolean()) },
  {
    idPolicy: 'supplied',
    onExists: 'fork',
    rule: (row) => (row['visits'] === 13 ? 'nobody visits thirteen times' : undefined),
  },
).index('visits', ['visits'])

/** Two authors may create the same one; the second is refused. */
export const Badge = entity(
  'badge',
  { label: z.string(), level: z.number().int() },
  { idPolicy: 'supplied' },
)

export const TYPES = [Task, Place, Badge] as const
export type WorldType = (typeof TYPES)[number]

export const typeNamed: ReadonlyMap<string, WorldType> = new Map(
  TYPES.map((type) => [type.name, type]),
)

const titles = ['A', 'B', 'C', 'ü😀', '', 'a longer title than the others have']
const tags = [[], ['x'], ['x', 'y']]

/** Values for some fields; with `all`, for every required one. */
export function valuesFor(type: WorldType, random: Random, all: boolean): Record<string, unknown> {
  const makers = MAKERS[type.name]!
  const names = Object.keys(makers)
  const chosen = all ? names : random.sample(names, random.chance(0.7) ? 1 : 2)
  const values: Record<string, unknown> = {}
  for (const name of chosen) {
    const value = makers[name]!(random)
    if (value === undefined && all) continue
    values[name] = value
  }
  return values
}

type Maker = (random: Random) => unknown

const MAKERS: Readonly<Record<string, Readonly<Record<string, Maker>>>> = {
  task: {
    title: (random) => random.pick(titles),
    done: (random) => random.chance(0.5),
    points: (random) => random.below(6),
    note: (random) => (random.chance(0.4) ? undefined : random.pick(titles)),
    tags: (random) => (random.chance(0.4) ? undefined : random.pick(tags)),
  },
  place: {
    name: (random) => random.pick(titles),
    visits: (random) => random.below(12),
    closed: (random) => (random.chance(0.5) ? undefined : random.chance(0.5)),
  },
  badge: { label: (random) => random.pick(titles), level: (random) => random.below(4) },
}

/** The ids that authors of supplied ids choose from. */
export function suppliedId(type: WorldType, random: Random): string {
  const kind = type === Place ? 'a' : 'b'
  return `0000000${kind}-0000-4000-8000-00000000000${random.below(6)}`
}

export interface Screen {
  readonly type: WorldType
  readonly query: Query<Entity>
}

/** A query as some screen would ask it. */
export function screenFor(random: Random): Screen {
  return random.pick(SCREENS)(random)
}

const SCREENS: readonly ((random: Random) => Screen)[] = [
  () => ({ type: Task, query: { where: { done: false }, orderBy: ['$createdOrderKey'] } }),
  (random) => ({
    type: Task,
    query: { where: { points: { gte: random.below(6) } }, orderBy: ['points', '-title'] },
  }),
  (random) => ({
    type: Task,
    query: {
      where: { points: random.below(6), done: random.chance(0.5) },
      orderBy: ['-$orderKey'],
      limit: 1 + random.below(4),
    },
  }),
  (random) => ({
    type: Task,
    query: { where: { title: { in: random.sample(titles, 2) } }, archived: 'include' },
  }),
  () => ({ type: Task, query: { where: { note: undefined }, orderBy: ['-$createdOrderKey'] } }),
  (random) => ({
    type: Task,
    query: {
      where: {
        or: [{ title: random.pick(titles) }, { and: [{ done: true }, { points: { lt: 3 } }] }],
      },
      orderBy: ['note', '-points', '$orderKey'],
      limit: 5,
    },
  }),
  () => ({ type: Task, query: { archived: 'only', orderBy: ['$timestamp'] } }),
  (random) => ({
    type: Place,
    query: {
      where: { visits: { gt: 2, lte: 2 + random.below(8) } },
      orderBy: ['visits'],
      limit: 3,
    },
  }),
  () => ({ type: Place, query: { where: { closed: undefined }, orderBy: ['-closed', 'name'] } }),
  () => ({
    type: Place,
    query: { where: { $state: 'canonical' }, orderBy: ['$author', '-visits'] },
  }),
  () => ({ type: Badge, query: { orderBy: ['-level', 'label'], archived: 'include' } }),
  (random) => ({
    type: Badge,
    query: { where: { level: { in: [0, random.below(4)] } }, orderBy: ['$orderKey'] },
  }),
]
