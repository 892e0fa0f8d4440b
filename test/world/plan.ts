/**
 * The plan of one seed: how many devices, which faults, how often. Each seed switches on a
 * random part of all faults and features (swarm testing), because a world in which everything
 * fails all the time hides what only some of it would show.
 */
import type { Limits } from '@countersign/core/testing'
import { Random } from '../model/random.ts'
import { type CraftName, type Extremes, describeExtremes, extremesFor } from './extremes.ts'
import { type Build, NEWEST_BUILD } from './versioned.ts'

/** The actions of a world, each with its weight among the others. */
export const ACTIONS = [
  'write',
  'transact',
  'burst',
  'screen',
  'close',
  'open',
  'kill',
  'power',
  'offline',
  'freeze',
  'jump',
  'cut',
  'block',
  'forceClose',
  'rot',
  'evict',
  'quota',
  'reviewerKill',
  'reviewerKillAtCommit',
  'reviewerTwin',
  'storeOutage',
  'stranger',
  'release',
  'sojourn',
  'reload',
  'gap',
  'decay',
  'lie',
  'flood',
  'forge',
  'history',
] as const

export type Action = (typeof ACTIONS)[number]

/** The workload of the persons of a world: `workloads/all.ts`; of W8 `restores/`, of W9 `peers/`, of W11 and W15 `accounts/`, of W12 `erasures/`. */
export const WORKLOADS = [
  'W1',
  'W2',
  'W3',
  'W4',
  'W5',
  'W6',
  'W7',
  'W8',
  'W9',
  'W11',
  'W12',
  'W14',
  'W15',
] as const

export type WorkloadName = (typeof WORKLOADS)[number]

export interface NetPlan {
  readonly delayMs: number
  /** From 0 (even) to 1 (some frames take a thousand times as long). */
  readonly tail: number
  readonly drops: number
  readonly repeats: number
  readonly overtakes: number
  readonly refuses: number
  /** Share of broken links whose break one end never detects. */
  readonly unnoticed: number
  /** Whether a link goes on after frames of it were lost on a blocked way. */
  readonly outlasts: boolean
}

export interface DiskPlan {
  readonly latencyMs: number
  readonly syncMs: number
  readonly openFails: number
}

export interface StorePlan {
  readonly latencyMs: number
  readonly answerMs: number
  readonly failsBefore: number
  readonly failsAfter: number
  readonly readFails: number
  /** Of the states that are written behind. */
  readonly behindFails: number
  readonly stateRots: number
}

export interface Plan extends Extremes {
  readonly seed: number
  readonly workload: WorkloadName
  /** Tabs of each device. */
  readonly tabs: readonly number[]
  /** Devices whose stores follow parts of the space. */
  readonly followers: ReadonlySet<number>
  /** Whether some rows are withheld from those who have not created them. Then all are followers. */
  readonly withholds: boolean
  /** Devices without any storage. */
  readonly storageless: ReadonlySet<number>
  readonly lifetime: 'tab' | 'day' | 'device'
  readonly actions: number
  readonly gapMs: number
  readonly weights: ReadonlyMap<Action, number>
  readonly net: NetPlan
  readonly disk: DiskPlan
  readonly store: StorePlan
  readonly signerMs: number
  /** How wrong the clocks of devices are. */
  readonly skewMs: number
  readonly drift: number
  /** Whether the ids of messages are asked for as soon as they are written. */
  readonly eagerIds: boolean
  /** Whether the reviewer knows the types, and checks values and ids. */
  readonly typed: boolean
  /** Whether some values are so large that frames and pages must be cut. */
  readonly heavy: boolean
  readonly limits: { readonly liveWritesMax?: number; readonly messageChangesMax?: number }
  /** Bounds so small that what they lead to is common. */
  readonly tailChangesMax: number | undefined
  readonly checkpointSteps: number | undefined
  /** Whether strangers mostly write on old states, and replicas begin with snapshots. */
  readonly isLate: boolean
  /** The newest build of the app at the beginning; undefined: types have no versions. */
  readonly firstBuild: Build | undefined
}

/** Faults that each seed has or has not. */
const FAULTS: readonly Action[] = [
  'close',
  'kill',
  'power',
  'offline',
  'freeze',
  'jump',
  'cut',
  'block',
  'forceClose',
  'rot',
  'evict',
  'quota',
  'reviewerKill',
  'reviewerKillAtCommit',
  'reviewerTwin',
  'storeOutage',
  'stranger',
]

const WEIGHTS: Readonly<Partial<Record<Action, number>>> = {
  forceClose: 0.4,
  rot: 0.5,
  evict: 0.3,
  quota: 0.5,
  stranger: 4,
}

/** Strangers write on old states, and a store that opens has a checkpoint and nothing from before it. */
const LATE: readonly (readonly [Action, number])[] = [
  ['stranger', 30],
  ['kill', 4],
  ['open', 12],
]

/** The factor of the weight of an action where the workload is about it. */
const MORE: Readonly<Partial<Record<WorkloadName, Readonly<Partial<Record<Action, number>>>>>> = {
  W3: { stranger: 8 },
  W4: { offline: 5 },
  W5: { offline: 3 },
  W7: { offline: 3, kill: 2, open: 8 },
  W14: { cut: 1.5, reviewerKill: 0.4, kill: 1, offline: 1 },
  W6: { release: 0.8, open: 3, close: 2, reviewerKill: 0.5 },
}

const ACCOUNTS_EVERY = 48
const ACCOUNTS_AT = 26
const ERASURES_EVERY = 31
const ERASURES_AT = 30
const SHORT_ACCOUNTS_AT = 43
const SUMS_EVERY = 24
const SUMS_AT = 12
const PARTS_EVERY = 23
const PARTS_AT = 17

/** Remembered seeds are none of these. */
const RESTORES_EVERY = 26
const RESTORES_AT = 24
const PEERS_EVERY = 28
const PEERS_AT = 25

/** Half of all seeds are about anything, the others about one thing each. */
export function workloadOf(seed: number): WorkloadName {
  // Every so many-th seed, not a random draw: so the other seeds keep their histories.
  if (seed % RESTORES_EVERY === RESTORES_AT) return 'W8'
  if (seed % PEERS_EVERY === PEERS_AT) return 'W9'
  if (seed % ACCOUNTS_EVERY === ACCOUNTS_AT) return 'W11'
  if (seed % ERASURES_EVERY === ERASURES_AT) return 'W12'
  if (seed % ACCOUNTS_EVERY === SHORT_ACCOUNTS_AT) return 'W15'
  if (seed % SUMS_EVERY === SUMS_AT) return 'W7'
  if (seed % PARTS_EVERY === PARTS_AT) return 'W14'
  // Of one row a few messages are more than its state: also who was there a moment ago gets a snapshot.
  if (extremesFor(seed).craft === 'ends') return 'W4'
  // Chance of its own: the rest of a plan does not depend on the workload.
  const random = new Random(seed + 2 ** 40)
  if (random.chance(0.5)) return 'W1'
  // A random draw of its own, too: so the other seeds keep their histories.
  const other = random.pick(WORKLOADS.slice(0, 5))
  return random.chance(0.25) ? 'W6' : other
}

export function planFor(seed: number, workload: WorkloadName = workloadOf(seed)): Plan {
  const random = new Random(seed)
  const has = (share: number): boolean => random.chance(share)
  const rate = (share: number, most: number): number => (has(share) ? most * random.unit() ** 2 : 0)
  const isLate = new Random(seed + 2 ** 42).chance(0.12)
  const extremes = extremesFor(seed)
  const weights = weightsFor(random, { workload, isLate, extremes })
  // Pages are signed otherwise than the tail.
  const isPaged = extremes.forgeries > 0 && new Random(seed + 2 ** 34).chance(0.5)
  const all = tabsOf(random, REPLICAS_MIN[workload] ?? 1)
  // Each look at a replica costs as many steps as there are rows.
  const isCrowded = extremes.crowd > 0
  const tabs = isCrowded ? all.slice(0, REPLICAS_MIN[workload] ?? 2) : all
  const plan: Plan = {
    seed,
    workload,
    tabs,
    ...{ withholds: false, followers: followersOf(seed, workload, tabs.length) },
    storageless: new Set(isLate ? tabs.keys() : has(0.15) ? [random.below(tabs.length)] : []),
    lifetime: random.pick(['device', 'device', 'tab', 'day']),
    actions: isCrowded ? random.between(10, 30) : random.between(30, 160),
    gapMs: random.pick(isLate ? [60, 400] : [5, 60, 400, 3_000]),
    weights,
    net: {
      delayMs: random.pick(isLate ? [60, 300] : [1, 10, 60]),
      tail: has(isLate ? 1 : 0.5) ? random.unit() : 0,
      drops: rate(0.25, 0.2),
      repeats: rate(0.25, 0.2),
      overtakes: Math.max(rate(0.25, 0.3), isLate ? 0.3 : 0),
      refuses: rate(0.2, 0.5),
      unnoticed: rate(0.3, 0.6),
      outlasts: has(0.4),
    },
    disk: {
      latencyMs: random.pick([0, 1, 20, 300]),
      syncMs: random.pick([0, 5, 200]),
      openFails: rate(0.15, 0.4),
    },
    store: {
      latencyMs: random.pick([0, 1, 40, 800]),
      answerMs: random.pick([0, 5, 300]),
      failsBefore: rate(0.25, 0.3),
      failsAfter: rate(0.25, 0.3),
      readFails: rate(0.2, 0.3),
      behindFails: extremes.behindFails,
      stateRots: extremes.stateRots,
    },
    signerMs: random.pick([0, 0, 1, 25]),
    skewMs: has(0.3) ? 172_800_000 : 0,
    drift: has(0.3) ? 0.1 : 0,
    ...{ eagerIds: has(0.2), typed: has(0.5) || extremes.trespasses },
    heavy: has(0.08),
    limits: {
      ...(has(0.2) && { liveWritesMax: random.between(2, 5) }),
      ...(has(0.15) && { messageChangesMax: random.between(2, 4) }),
    },
    tailChangesMax: tailOf(isLate || isPaged, has(0.5) ? random.pick([0, 0, 2, 8]) : undefined),
    checkpointSteps: isLate ? 0 : has(0.4) ? random.pick([0, 2, 8]) : undefined,
    isLate,
    firstBuild: workload === 'W6' ? random.between(1, NEWEST_BUILD) : undefined,
    ...extremes,
  }
  const bearable = plan.store.latencyMs > SLOW_MS ? withCaches(plan) : plan
  const known = workload === 'W14' ? followed(bearable) : bearable
  return known.craft ? quiet(known) : known
}

/** Some reviewers of followers keep little at hand, and some withhold rows. */
function followed(plan: Plan): Plan {
  const { seed } = plan
  const shared = seed % 3 === 1 ? hasty(plan) : plan
  return new Random(seed + 2 ** 30).chance(0.4) ? withholding(shared) : shared
}

/** States are written at once, and no cache keeps them: what is read of the store may be older than what was told. */
function hasty(plan: Plan): Plan {
  const bounds = { cacheBytesMax: 2, dirtyStatesMax: 2 }
  return {
    ...plan,
    store: { ...plan.store, latencyMs: 40 },
    reviewerBounds: { ...plan.reviewerBounds, ...bounds },
  }
}

/** Withheld rows exclude followers of the whole space, so there are no liars and strangers. */
function withholding(plan: Plan): Plan {
  const weights = [...plan.weights].filter(([action]) => action !== 'stranger' && action !== 'lie')
  return {
    ...plan,
    ...{ withholds: true, logins: true, lies: 0, weights: new Map([...weights, ['history', 3]]) },
    followers: new Set(plan.tabs.keys()),
  }
}

/** The events of a world with forgeries and without faults: links end, and tabs open again. */
const QUIET: readonly (readonly [Action, number])[] = [
  ['forge', 12],
  ['open', 8],
  ['close', 2],
  ['kill', 2],
  ['offline', 3],
  ['cut', 3],
]

/** Forgeries of the start and the end of a snapshot need snapshots. */
const OF_SNAPSHOTS: readonly unknown[] = ['greetings', 'pages', 'ends'] satisfies CraftName[]

/** Settings with which forgeries reach the states that they are made for. */
function quiet(plan: Plan): Plan {
  const { net, disk, store, weights, tabs } = plan
  // A store without data follows any reviewer that greets.
  const isNew = plan.craft === 'greetings' && plan.seed % 2 === 0
  const others = [...weights].filter(([action]) => !FAULTS.includes(action))
  return {
    ...plan,
    weights: new Map([...others, ...QUIET]),
    storageless: isNew ? new Set(tabs.keys()) : plan.storageless,
    net: { ...net, drops: 0, repeats: 0, overtakes: 0, refuses: 0, unnoticed: 0, outlasts: false },
    disk: { ...disk, openFails: 0 },
    store: { ...store, failsBefore: 0, failsAfter: 0, readFails: 0, behindFails: 0, stateRots: 0 },
    tailChangesMax: OF_SNAPSHOTS.includes(plan.craft) ? 0 : plan.tailChangesMax,
  }
}

/** How often each action comes. The draws of `random` are the first ones of a plan. */
function weightsFor(
  random: Random,
  {
    workload,
    isLate,
    extremes,
  }: Pick<Plan, 'workload' | 'isLate'> & { readonly extremes: Extremes },
): Map<Action, number> {
  const has = (share: number): boolean => random.chance(share)
  const weights = new Map<Action, number>([
    ['write', 12],
    ['transact', has(0.7) ? 4 : 0],
    ['burst', has(0.3) ? 0.5 : 0],
    ['screen', has(0.8) ? 3 : 0],
    ['open', 3],
  ])
  const share = random.pick([0.1, 0.3, 0.5])
  for (const fault of FAULTS) {
    const weight = WEIGHTS[fault] ?? 1
    if (has(share)) weights.set(fault, weight * (0.3 + random.unit() * 1.5))
  }
  for (const [action, weight] of Object.entries(MORE[workload] ?? {}))
    weights.set(action as Action, Math.max(weight, weights.get(action as Action) ?? 0))
  if (isLate) for (const [action, weight] of LATE) weights.set(action, weight)
  if (extremes.sojourns > 0) weights.set('sojourn', extremes.sojourns)
  if (extremes.reloads > 0) weights.set('reload', extremes.reloads)
  if (extremes.gaps > 0) weights.set('gap', extremes.gaps)
  if (extremes.decays > 0) weights.set('decay', extremes.decays)
  if (extremes.lies > 0) weights.set('lie', extremes.lies)
  if (extremes.floods > 0) weights.set('flood', extremes.floods)
  if (extremes.forgeries > 0) weights.set('forge', extremes.forgeries)
  if (extremes.histories > 0) weights.set('history', extremes.histories)
  return weights
}

/** Of a store that may answer so late, a reviewer keeps more than a few entries. */
const SLOW_MS = 300

/** A slow store read again for each message, a few at a time: people would offer more than it judges. */
function withCaches(plan: Plan): Plan {
  const kept = (bounds: Partial<Limits>): Partial<Limits> => {
    const { cacheBytesMax: _a, ledgerCacheMax: _b, batchBytesAim: _c, ...rest } = bounds
    const { batchMessagesMax: _d, ...others } = rest
    return others
  }
  return { ...plan, bounds: kept(plan.bounds), reviewerBounds: kept(plan.reviewerBounds) }
}

/** How many replicas it takes at the least for something to happen. */
const REPLICAS_MIN: Readonly<Partial<Record<WorkloadName, number>>> = {
  W4: 3,
  W5: 2,
  W6: 2,
  W7: 2,
  W14: 3,
}

const NOBODY: ReadonlySet<number> = new Set()

/** Most devices, and at least one; usually some device follows the whole space. */
function followersOf(seed: number, workload: WorkloadName, devices: number): ReadonlySet<number> {
  if (workload !== 'W14') return NOBODY
  const random = new Random(seed + 2 ** 31)
  const followers = new Set(Array.from({ length: devices }, (_, at) => at))
  for (const at of [...followers])
    if (followers.size > 1 && random.chance(0.35)) followers.delete(at)
  return followers
}

/** A store that has the present state and nothing before it must ask for messages that a late author names. */
function tailOf(isPaged: boolean, messagesMax: number | undefined): number | undefined {
  return isPaged ? 0 : messagesMax
}

/** At most eight replicas in all. */
function tabsOf(random: Random, replicasMin: number): number[] {
  const tabs: number[] = []
  const replicas = Math.max(replicasMin, random.between(1, 8))
  for (let left = replicas; left > 0; left -= tabs.at(-1)!) {
    tabs.push(random.chance(0.35) ? Math.min(left, random.between(2, 3)) : 1)
  }
  return tabs
}

/** The plan as one line of text. */
export function describePlan(plan: Plan): string {
  const faults = [...plan.weights.keys()].filter((action) => FAULTS.includes(action))
  const { net, disk, store } = plan
  const rates = { ...net, ...disk, ...store, signerMs: plan.signerMs }
  const set = Object.entries(rates).filter(([, value]) => value !== 0 && value !== false)
  const numbers = set.map(
    ([name, value]) => `${name}=${typeof value === 'number' ? +value.toFixed(3) : value}`,
  )
  const more = [
    plan.eagerIds && 'eagerIds',
    plan.followers.size > 0 && `followers=${[...plan.followers].join('+')}`,
    plan.withholds && 'withholds',
    plan.typed && 'typed',
    plan.heavy && 'heavy',
    plan.isLate && 'isLate',
    plan.tailChangesMax !== undefined && `tailChangesMax=${plan.tailChangesMax}`,
    plan.checkpointSteps !== undefined && `checkpointSteps=${plan.checkpointSteps}`,
    plan.firstBuild !== undefined && `firstBuild=${plan.firstBuild}`,
    JSON.stringify(plan.limits),
    describeExtremes(plan),
  ].filter((text) => text !== false)
  return [
    `workload ${plan.workload}, tabs ${plan.tabs.join('+')}, ${plan.actions} actions every ${plan.gapMs} ms, identity per ${plan.lifetime}`,
    `faults: ${faults.join(' ') || 'none'}`,
    `rates: ${numbers.join(' ')} ${more.join(' ')}`,
  ].join('\n')
}
