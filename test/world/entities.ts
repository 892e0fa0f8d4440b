/**
 * The types of the simulated world, small pools of values so that authors often choose the same
 * one, and the queries that its screens show.
 */
import { CONFLICT, type Entity, type Query, counter, entity, optional } from '@countersign/core'
import { z } from 'zod'
import type { OraclePolicies, OraclePolicy } from '../model/policies.ts'
import type { Random } from '../model/random.ts'
import type { RealValues } from '../model/real-values.ts'
import type { WorkloadName } from './plan.ts'
import { BUILDS, type Build, Crate, Published, Ticket, versionedScreens } from './versioned.ts'

export const Task = entity('task', {
  title: z.string().max(100_000),
  done: z.boolean(),
  points: z.number().int(),
  note: optional(z.string()),
  tags: optional(z.array(z.string())),
})
  .index('board', ['done', '$createdOrderKey'])
  .index('points', ['points', '-title'])

/** Two authors may create the same one; both creations are kept. */
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

/** Fields whose policies decide by themselves. The merge functions know no order, and no base. */
export const Card = entity('card', {
  title: z.string(),
  rank: z.number().int(),
  owner: z.string(),
  votes: z.number().int(),
  labels: optional(z.array(z.string())),
}).conflicts({
  rank: 'last',
  owner: 'first',
  votes: (_, candidates) => mostVotes(candidates) ?? CONFLICT,
  labels: (_, candidates) => allLabels(candidates),
})

/** Concurrent writes of one row are in conflict as a whole. */
export const Sheet = entity('sheet', { left: z.number().int(), right: z.number().int() }).conflicts(
  {},
  { scope: 'row', archived: 'archive-wins' },
)

/** Two valid edits may together make an invalid row. */
export const Span = entity(
  'span',
  { from: z.number().int(), to: z.number().int() },
  { rule: (row) => (isBadSpan(row) ? 'a span ends before it begins' : undefined) },
).conflicts({}, { archived: 'edit-wins' })

/** Its merge function gives up where the votes are close. */
function mostVotes(votes: readonly number[]): number | undefined {
  const most = Math.max(...votes)
  return most - Math.min(...votes) > 1 ? most : undefined
}

function allLabels(lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat())].sort()
}

function isBadSpan(row: Readonly<Record<string, unknown>>): boolean {
  return (row['from'] as number) > (row['to'] as number)
}

/** What W2 appends to. */
export const Log = entity('log', { items: z.array(z.string()) })

/** Money changes hands by messages that expect what they have read. */
export const Account = entity(
  'account',
  { balance: z.number().int(), note: z.string() },
  { idPolicy: 'supplied' },
)

export const OPENING_BALANCE = 100
export const ACCOUNT_IDS: readonly string[] = Array.from(
  { length: 4 },
  (_, at) => `0000000c-0000-4000-8000-00000000000${at}`,
)

/** A type with all kinds of values: for seeds with values of real kinds. */
export const Page = entity('page', {
  heading: z.string(),
  amount: z.number(),
  body: optional(z.json()),
  meta: optional(z.json()),
})

/** The sums of W7. Archiving wins, so the order of operations does not matter. */
export const Meter = entity('meter', {
  label: z.string(),
  sum: counter(),
})
  .index('sum', ['-sum'])
  .conflicts({}, { archived: 'archive-wins' })

/** Types that are written by any workload. */
export const OPEN_TYPES = [Task, Place, Badge, Card, Sheet, Span] as const

export const TYPES = [...OPEN_TYPES, Page, Log, Account] as const
export type WorldType =
  | (typeof TYPES)[number]
  | typeof Meter
  | typeof Ticket
  | typeof Crate
  | typeof Published

/** What an app of that build declares; undefined: of a world without versions. */
export function typesOf(
  build: Build | undefined,
  { workload }: { readonly workload: WorkloadName },
): readonly WorldType[] {
  if (workload === 'W7') return [...TYPES, Meter]
  return build === undefined ? TYPES : [...TYPES, ...(BUILDS[build - 1] as readonly WorldType[])]
}

/** The policies again, for the oracle. */
const ASK_ALL: OraclePolicies = { fields: new Map(), scope: 'register', archived: 'surface' }

const POLICIES: Readonly<Record<string, OraclePolicies>> = {
  card: {
    ...ASK_ALL,
    fields: new Map<string, OraclePolicy>([
      ['rank', 'last'],
      ['owner', 'first'],
      ['votes', (values) => mostVotes(values as number[])],
      ['labels', (values) => allLabels(values as string[][])],
    ]),
  },
  sheet: { ...ASK_ALL, scope: 'row', archived: 'archive-wins' },
  span: { ...ASK_ALL, archived: 'edit-wins' },
  meter: { ...ASK_ALL, archived: 'archive-wins' },
  crate: { ...ASK_ALL, fields: new Map([['weight', 'last']]) },
}

export function policiesOf(type: string): OraclePolicies {
  return POLICIES[type] ?? ASK_ALL
}

/** Whether what a row shows breaks the rule of its type. */
export function breaksRule(type: string, row: Readonly<Record<string, unknown>>): boolean {
  return (type === 'span' && isBadSpan(row)) || (type === 'place' && row['visits'] === 13)
}

export const typeNamed: ReadonlyMap<string, WorldType> = new Map(
  [...TYPES, Meter, Ticket, Crate, Published].map((type) => [type.name, type]),
)

const titles = ['A', 'B', 'C', 'ü😀', '', 'a longer title than the others have']
const tags = [[], ['x'], ['x', 'y']]

/** Where values come from: chance, and, where a seed has them, values of real kinds. */
export interface ValueSource {
  readonly random: Random
  readonly real: RealValues | undefined
}

/** Values for some fields; with `all`, for every required one. */
export function valuesFor(
  type: WorldType,
  { random, real }: ValueSource,
  all: boolean,
): Record<string, unknown> {
  const makers = MAKERS[type.name]!
  const names = Object.keys(makers)
  const chosen = all ? names : random.sample(names, random.chance(0.7) ? 1 : 2)
  const values: Record<string, unknown> = {}
  for (const name of chosen) {
    const made = makers[name]!(random, real)
    const value = real && typeof made === 'string' && random.chance(0.7) ? real.text() : made
    if (value === undefined && all) continue
    values[name] = value
  }
  return values
}

type Maker = (random: Random, real: RealValues | undefined) => unknown

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
  meter: {
    label: (random) => random.pick(titles),
    sum: (random) => counter.increment(random.between(-4, 9)),
  },
  badge: { label: (random) => random.pick(titles), level: (random) => random.below(4) },
  card: {
    title: (random) => random.pick(titles),
    rank: (random) => random.below(5),
    owner: (random) => random.pick(titles),
    votes: (random) => random.below(6),
    labels: (random) => (random.chance(0.2) ? undefined : random.pick(tags)),
  },
  page: {
    heading: (random) => random.pick(titles),
    amount: (random, real) => real?.number() ?? random.unit(),
    body: (random, real) => (random.chance(0.2) ? undefined : (real?.json() ?? null)),
    meta: (random, real) => (random.chance(0.4) ? undefined : (real?.json() ?? null)),
  },
  sheet: { left: (random) => random.below(4), right: (random) => random.below(4) },
  span: { from: (random) => random.below(4), to: (random) => 2 + random.below(4) },
}

/** The one row of W4. */
export const placeId = '0000000a-0000-4000-8000-000000000000'

/** An id for a new row from those that authors of supplied ids choose from; undefined: it is minted. */
export function givenId(type: WorldType, random: Random): string | undefined {
  if (type.options.idPolicy !== 'supplied') return undefined
  const kind = type.name === 'crate' ? 'd' : type === Place ? 'a' : 'b'
  return `0000000${kind}-0000-4000-8000-00000000000${random.below(6)}`
}

export interface Screen {
  readonly type: WorldType
  readonly query: Query<Entity>
}

/** A query as some screen would ask it. */
export function screenFor(random: Random, build?: Build): Screen {
  const versioned = build === undefined ? [] : versionedScreens(build)
  if (versioned.length > 0 && random.chance(0.7)) return random.pick(versioned) as Screen
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
