/**
 * The types of W6, which have versions, and the builds of the app that know them. Each build was released
 * after the one before it; the last one corrects a step of the second version, which had computed points
 * as if ten cents made one.
 *
 *   build      1    2     3     4
 *   ticket     1    2     3     3, on 2.1
 *   crate      1    1     2     2
 */
import {
  type Entity,
  type Query,
  type Step,
  add,
  code,
  entity,
  map,
  optional,
  remove,
  rename,
  scale,
  wrap,
} from '@countersign/core'
import { z } from 'zod'
import type { KnownType } from '../model/versions.ts'
import type { Random } from '../model/random.ts'

/** What the library publishes versions in, as far as the world looks into it. */
export const Published = entity(
  '$schema',
  { type: z.string(), number: z.number(), revision: z.number(), chain: z.json() },
  { idPolicy: 'supplied' },
)

const STATUS = ['open', 'doing', 'done'] as const

const FirstTicket = entity('ticket', {
  title: z.string(),
  done: z.boolean(),
  points: z.number(),
  owner: z.string(),
  size: z.string(),
  note: optional(z.string()),
})

const isDone = map(
  'done',
  'status',
  [
    [false, 'open'],
    [true, 'done'],
  ],
  { up: 'open', down: false, lossy: 'down', backport: 'allow' },
)

function secondTicket(factor: number, revision: number) {
  const shape = {
    name: z.string(),
    status: z.enum(STATUS),
    cents: z.number(),
    owner: z.string(),
    size: z.string(),
    note: optional(z.string()),
    labels: z.array(z.string()),
  }
  const steps = [
    rename('title', 'name'),
    isDone,
    rename('points', 'cents'),
    scale('cents', factor),
    add('labels', []),
  ] as const
  return { type: FirstTicket.version(2, shape, steps, { revision }), steps }
}

const SIZES = ['s', 'm', 'l']

/** Any other word has no meaning in this step. */
const numbered = code('size', {
  name: 'sizeNumber',
  up: (size: string): number => {
    if (!SIZES.includes(size)) throw new Error(`there is no size ${size}`)
    return SIZES.indexOf(size)
  },
  down: (size: number): string => {
    if (!SIZES[size]) throw new Error(`there is no size ${size}`)
    return SIZES[size]
  },
})

const thirdSteps = [
  rename('owner', 'owners'),
  wrap('owners'),
  numbered,
  remove('note', 'no note'),
  add('note', 'new note'),
] as const

function thirdTicket(second: ReturnType<typeof secondTicket>['type']) {
  const shape = {
    name: z.string(),
    status: z.enum(STATUS),
    cents: z.number(),
    owners: z.array(z.string()),
    size: z.number(),
    note: z.string(),
    labels: z.array(z.string()),
  }
  return second.version(3, shape, thirdSteps)
}

/** Two authors may create the same one, each in a version of their own. */
const FirstCrate = entity(
  'crate',
  { label: z.string(), state: z.string(), weight: z.number() },
  { idPolicy: 'supplied', onExists: 'fork' },
)

const crateSteps = [
  map('state', 'age', [
    ['new', 0],
    ['used', 1],
  ]),
  scale('weight', 1000),
] as const

const SecondCrate = FirstCrate.version(
  2,
  { label: z.string(), age: z.number(), weight: z.number() },
  crateSteps,
)

const early = secondTicket(10, 0)
const corrected = secondTicket(100, 1)
const FirstCrates = FirstCrate.conflicts({ weight: 'last' }).index('weight', ['weight'])
const SecondCrates = SecondCrate.conflicts({ weight: 'last' }).index('weight', ['weight'])

/** The types of each build, from the first. */
export const BUILDS = [
  [FirstTicket.index('points', ['points']), FirstCrates],
  [early.type.index('cents', ['cents']), FirstCrates],
  [thirdTicket(early.type).index('cents', ['cents']), SecondCrates],
  [thirdTicket(corrected.type).index('cents', ['cents']), SecondCrates],
] as const

/** Number of a build, from 1. */
export type Build = number

export const NEWEST_BUILD: Build = BUILDS.length
export const [Ticket, Crate] = BUILDS[NEWEST_BUILD - 1]!

/** The versions of types that each build knows, for the naive reading. */
const ticketFields = ['title', 'done', 'points', 'owner', 'size', 'note']
const crateFields = ['label', 'state', 'weight']

function known(fields: readonly string[], ...steps: readonly (readonly Step[])[]): KnownType {
  return { fields, versions: steps.map((each) => ({ revision: 0, steps: each })) }
}

const onCorrected: KnownType = {
  fields: ticketFields,
  versions: [
    { revision: 1, steps: corrected.steps },
    { revision: 0, steps: thirdSteps },
  ],
}

const KNOWN: readonly { readonly ticket: KnownType; readonly crate: KnownType }[] = [
  { ticket: known(ticketFields), crate: known(crateFields) },
  { ticket: known(ticketFields, early.steps), crate: known(crateFields) },
  {
    ticket: known(ticketFields, early.steps, thirdSteps),
    crate: known(crateFields, crateSteps),
  },
  { ticket: onCorrected, crate: known(crateFields, crateSteps) },
]

/** undefined: the type has no versions. */
export function knownTo(build: Build, type: string): KnownType | undefined {
  return type === 'ticket' || type === 'crate' ? KNOWN[build - 1]![type] : undefined
}

const words = ['A', 'B', 'ü😀', '']

/** Generators of values by field, for all versions. */
const MAKERS: Readonly<Record<string, (random: Random, version: number) => unknown>> = {
  title: (random) => random.pick(words),
  name: (random) => random.pick(words),
  done: (random) => random.chance(0.5),
  status: (random) => random.pick(STATUS),
  points: (random) => random.below(5),
  cents: (random) => random.pick([0, 10, 20, 100, 200, 205]),
  owner: (random) => random.pick(words),
  owners: (random) => random.pick([[], ['A'], ['A', 'B'], ['B']]),
  size: (random, version) =>
    version < 3 ? random.pick([...SIZES, ...SIZES, 'huge']) : random.below(6) % 4,
  note: (random, version) =>
    version < 3 && random.chance(0.4) ? undefined : random.pick(['no note', 'new note', 'N']),
  labels: (random) => random.pick([[], ['x'], ['x', 'y']]),
  label: (random) => random.pick(words),
  state: (random) => random.pick(['new', 'new', 'used', 'used', 'lost']),
  age: (random) => random.below(5) % 3,
  weight: (random) => random.below(4),
}

/** Values for some fields of a type as a build has it; with `all`, for every required one. */
export function versionedValues(
  { type, build }: { readonly type: string; readonly build: Build },
  random: Random,
  all: boolean,
): Record<string, unknown> {
  const declared = BUILDS[build - 1]!.find(({ name }) => name === type)!
  const names = [...declared.fields.keys()]
  const chosen = all ? names : random.sample(names, random.chance(0.7) ? 1 : 2)
  const values: Record<string, unknown> = {}
  for (const name of chosen) {
    const value = MAKERS[name]!(random, declared.currentVersion)
    if (value === undefined && all) continue
    values[name] = value
  }
  return values
}

/** Queries on the types of a build, in its own words. */
export function versionedScreens(
  build: Build,
): readonly { readonly type: Entity; readonly query: Query<Entity> }[] {
  const [ticket, crate] = BUILDS[build - 1]! as readonly [Entity, Entity]
  const amount = ticket.currentVersion === 1 ? 'points' : 'cents'
  const done = ticket.currentVersion === 1 ? { done: true } : { status: 'done' }
  return [
    { type: ticket, query: { where: done, orderBy: ['$createdOrderKey'] } },
    { type: ticket, query: { where: { [amount]: { gte: 2 } }, orderBy: [amount] } },
    { type: ticket, query: { orderBy: ['size', `-${amount}`], archived: 'include' } },
    { type: ticket, query: { where: { note: 'new note' }, orderBy: ['$orderKey'], limit: 3 } },
    { type: crate, query: { where: { weight: { lt: 1500 } }, orderBy: ['-weight', 'label'] } },
  ]
}
