/**
 * The extremes of a seed: values of real kinds, slow lines, thousands of rows, hundreds of sessions, and
 * every bound of core set to a few, so that exceeding it is common. Each seed has a few of these, and many
 * have none. Each part draws from random numbers of its own, so a seed keeps the rest of its plan when a
 * part is added.
 */
import type { Limits } from '@countersign/core/testing'
import { Random } from '../model/random.ts'

export interface LinePlan {
  readonly bytesPerSecond: number
  readonly bufferBytesMax: number
}

export interface Extremes {
  /** Bounds of replicas and reviewer that are not the defaults. */
  readonly bounds: Partial<Limits>
  /** And those of the reviewer alone: of its caches. */
  readonly reviewerBounds: Partial<Limits>
  readonly line: LinePlan | undefined
  /** Values of real kinds, or from small pools; `long`: some texts are long. */
  readonly values: 'pool' | 'real' | 'long'
  /** Rows that are written before anything else happens. */
  readonly crowd: number
  /** How often a person opens the app, writes offline, and closes it; in relation to writes. */
  readonly sojourns: number
  /** How often the page is loaded again right after a write. */
  readonly reloads: number
  /** How often it is while a flush is in three records, and the one between the others rots. */
  readonly gaps: number
  /** How often a record rots that is no message and no canonical state. */
  readonly decays: number
  /** How often a client lies about keys, sessions and persons. */
  readonly lies: number
  /** How often states are not written behind. */
  readonly behindFails: number
  /** How many of the states that are written behind are damaged then. */
  readonly stateRots: number
  /** How often an attacker between a tab and the reviewer forges frames. */
  readonly forgeries: number
  /** Their only aim, in a world without other faults; undefined: any. */
  readonly craft: CraftName | undefined
  /** How often a person reads the history of a row. */
  readonly histories: number
  /** How long a signature takes replicas that have no native Ed25519, in ms at the most; 0: they have it. */
  readonly checkMs: number
  /** Whether strangers write on their own refused messages. */
  readonly goesOn: boolean
  /** Whether persons have logins, some on several devices. */
  readonly logins: boolean
  /** Whether a person writes without the capability, and only the reviewer may publish types. */
  readonly trespasses: boolean
  /** How often a person writes more than their quota; the quotas are small there. */
  readonly floods: number
}

/** The aims of a middleman; `forgeries.ts` has the frames. */
export const CRAFTS = [
  'greetings',
  'tails',
  'pages',
  'ends',
  'verdicts',
  'answers',
  'hints',
] as const

export type CraftName = (typeof CRAFTS)[number]

/** The defaults of core. */
export const ORDINARY: Extremes = {
  bounds: {},
  reviewerBounds: {},
  line: undefined,
  values: 'pool',
  crowd: 0,
  sojourns: 0,
  reloads: 0,
  gaps: 0,
  decays: 0,
  lies: 0,
  behindFails: 0,
  stateRots: 0,
  forgeries: 0,
  craft: undefined,
  histories: 0,
  checkMs: 0,
  goesOn: false,
  logins: false,
  trespasses: false,
  floods: 0,
}

/** Not a random draw, as with sums: so the other seeds keep their histories. */
const TRESPASSES_EVERY = 40
const TRESPASSES_AT = 31
const GAPS_EVERY = 40
const GAPS_AT = 25

export function extremesFor(seed: number): Extremes {
  const crowd = crowdFor(new Random(seed + 2 ** 47))
  const forgeries = new Random(seed + 2 ** 37).chance(0.25) ? 4 : 0
  const trespasses = seed % TRESPASSES_EVERY === TRESPASSES_AT
  const floods = trespasses && crowd === 0 ? 3 : 0
  const bounds = {
    ...boundsFor(new Random(seed + 2 ** 43)),
    ...keptFor(new Random(seed + 2 ** 51)),
  }
  return {
    // Thousands of rows over a slow line would take too long.
    bounds: crowd > 0 ? {} : bounds,
    reviewerBounds: {
      ...(crowd > 0 ? {} : reviewerBoundsFor(new Random(seed + 2 ** 39))),
      ...(floods > 0 && QUOTAS),
    },
    floods,
    trespasses,
    values: valuesFor(new Random(seed + 2 ** 44)),
    line: lineFor(new Random(seed + 2 ** 45)),
    ...livesFor(new Random(seed + 2 ** 46)),
    crowd,
    // Every so many-th seed, not a random draw: so the other seeds keep their histories.
    gaps: seed % GAPS_EVERY === GAPS_AT ? 3 : 0,
    decays: new Random(seed + 2 ** 49).chance(0.06) ? 1 : 0,
    lies: isLiar(seed) || trespasses ? 4 : 0,
    behindFails: behindFor(new Random(seed + 2 ** 38)),
    stateRots: new Random(seed + 2 ** 36).chance(0.12) ? 0.1 : 0,
    forgeries,
    craft: forgeries > 0 ? craftFor(new Random(seed + 2 ** 52)) : undefined,
    histories: new Random(seed + 2 ** 33).chance(0.25) ? 3 : 0,
    // A draw that leaves most of the seeds in `seeds.ts` unchanged.
    checkMs: checkFor(new Random(seed + 2 ** 50 + 2 ** 42)),
    goesOn: new Random(seed + 2 ** 32).chance(0.1),
    logins: trespasses || new Random(seed + 2 ** 35).chance(isLiar(seed) ? 0.5 : 0.15),
  }
}

/** Quotas of a person, so small that some writes exceed them. */
const QUOTAS = {
  personMessagesPerSecond: 5,
  personMessagesBurst: 20,
  personBytesPerSecond: 20_000,
  personBytesBurst: 200_000,
  personReadBytesPerSecond: 50_000,
  personReadBytesBurst: 300_000,
  wantsPerPersonMax: 2,
} as const satisfies Partial<Limits>

function checkFor(random: Random): number {
  return random.chance(0.15) ? random.pick([5, 50, 400]) : 0
}

function isLiar(seed: number): boolean {
  return new Random(seed + 2 ** 50).chance(0.08)
}

type Bound = keyof Limits

/** Set to 2 to 5. */
const FEW: readonly Bound[] = [
  'pageEntitiesMax',
  'storedPageEntitiesMax',
  'sessionsPerBindMax',
  'sessionsPerLinkMax',
  'cacheBytesMax',
  'ledgerCacheMax',
  'dirtyStatesMax',
  'flushMessagesMax',
  'liveWritesMax',
  'historiesMax',
  'batchMessagesMax',
  'heldChainsMax',
  'storageBatchesMax',
]

/** Of the reviewer alone; set to 2 to 5, too. */
const FEW_AT_REVIEWER: readonly Bound[] = [
  'cacheBytesMax',
  'ledgerCacheMax',
  'dirtyStatesMax',
  'baseChangesMax',
  'rejectionsMax',
  'batchBytesAim',
  'idleSessionsMax',
  'historyMessagesMax',
  'linkBufferedBytesMax',
  'snapshotBytesMax',
]

function reviewerBoundsFor(random: Random): Partial<Limits> {
  if (!random.chance(0.35)) return {}
  const share = random.pick([0.2, 0.5])
  const few = FEW_AT_REVIEWER.map((bound) => [bound, random.between(2, 5)] as const)
  return Object.fromEntries(few.filter(() => random.chance(share)))
}

function boundsFor(random: Random): Partial<Limits> {
  if (!random.chance(0.35)) return {}
  const share = random.pick([0.15, 0.4])
  const bounds: Partial<Record<Bound, number>> = {}
  for (const bound of FEW) {
    const few = random.between(2, 5)
    if (random.chance(share)) bounds[bound] = few
  }
  if (random.chance(share)) bounds.sliceMs = 0
  if (random.chance(share)) bounds.messageBytesMax = 4_096
  if (random.chance(share)) bounds.outboxMessagesMax = random.between(5, 40)
  if (random.chance(share)) {
    bounds.checkpointStepBytesMax = random.between(2, 5) * 1_024
    bounds.storedPageBytesAim = random.between(1, 4) * 512
  }
  if (random.chance(share)) Object.assign(bounds, frameFor(random))
  // So long that the lines of one flush are stored in several records before they are sealed.
  if (random.chance(share)) bounds.flushDelayMs = random.pick([40, 400])
  return bounds
}

/** Pages of a snapshot that did not end: none are kept for the next link, or not all. */
function keptFor(random: Random): Partial<Limits> {
  return random.chance(0.1) ? { keptPagesBytesMax: random.pick([0, 600, 2_000]) } : {}
}

function craftFor(random: Random): CraftName | undefined {
  return random.chance(0.4) ? random.pick(CRAFTS) : undefined
}

/** Sizes so small that an ordinary page, offer or list of runs is sent in parts. */
function frameFor(random: Random): Partial<Limits> {
  const frameBytesMax = random.between(2, 8) * 1_024
  return {
    frameBytesMax,
    flushBytesMax: random.pick([512, 4_096]),
    linkBufferedBytesMax: frameBytesMax * 2,
  }
}

function valuesFor(random: Random): Extremes['values'] {
  const roll = random.unit()
  return roll < 0.75 ? 'pool' : roll < 0.97 ? 'real' : 'long'
}

function lineFor(random: Random): LinePlan | undefined {
  if (!random.chance(0.08)) return undefined
  return {
    bytesPerSecond: random.pick([4_000, 20_000, 100_000]),
    bufferBytesMax: 8 * 1_048_576,
  }
}

function livesFor(random: Random): Pick<Extremes, 'sojourns' | 'reloads'> {
  const isBusy = random.chance(0.01)
  return {
    sojourns: isBusy ? 60 : random.chance(0.1) ? 4 : 0,
    reloads: random.chance(0.12) ? 4 : 0,
  }
}

/** Mostly never; or now and then; or always. */
function behindFor(random: Random): number {
  return random.chance(0.1) ? random.pick([0.3, 0.9, 1]) : 0
}

/** Few seeds, because each look of the world costs as many steps as there are rows. */
function crowdFor(random: Random): number {
  const roll = random.unit()
  return roll < 0.002 ? 5_000 : roll < 0.012 ? random.between(300, 800) : 0
}

/** The extremes as text. */
export function describeExtremes({
  bounds,
  line,
  values,
  crowd,
  sojourns,
  reloads,
  gaps,
  decays,
  lies,
  reviewerBounds,
  behindFails,
  stateRots,
  forgeries,
  craft,
  histories,
  checkMs,
  goesOn,
  logins,
  trespasses,
  floods,
}: Extremes): string {
  return [
    values !== 'pool' && `values=${values}`,
    line && `line=${line.bytesPerSecond}/s`,
    crowd > 0 && `crowd=${crowd}`,
    sojourns > 0 && `sojourns=${sojourns}`,
    reloads > 0 && `reloads=${reloads}`,
    gaps > 0 && 'gaps',
    decays > 0 && 'decays',
    lies > 0 && 'lies',
    behindFails > 0 && `behindFails=${behindFails}`,
    stateRots > 0 && `stateRots=${stateRots}`,
    forgeries > 0 && (craft ? `forgeries=${craft}` : 'forgeries'),
    histories > 0 && 'histories',
    checkMs > 0 && `checkMs=${checkMs}`,
    goesOn && 'goesOn',
    logins && 'logins',
    trespasses && 'trespasses',
    floods > 0 && 'floods',
    Object.keys(reviewerBounds).length > 0 && `reviewerBounds=${JSON.stringify(reviewerBounds)}`,
    Object.keys(bounds).length > 0 && `bounds=${JSON.stringify(bounds)}`,
  ]
    .filter((text) => typeof text === 'string')
    .join(' ')
}
