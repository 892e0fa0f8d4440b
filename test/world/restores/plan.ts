/** What one seed of the world of restores is about. Chance of its own: it shares nothing with other plans. */
import { Random } from '../../model/random.ts'

export interface RestorePlan {
  readonly seed: number
  readonly devices: number
  readonly actions: number
  readonly gapMs: number
  /** How a reviewer detects that its data are older: by marks beside its key, or by an option. */
  readonly knows: 'marks' | 'told'
  /** Whether devices are turned off: what they alone hold goes with their memory. */
  readonly hasRestarts: boolean
  /** How often the data are deleted, in relation to older copies. */
  readonly deletes: number
  readonly delayMs: number
  readonly signerMs: number
  readonly storeMs: number
  readonly diskMs: number
  readonly checkpointSteps: number | undefined
  readonly tailChangesMax: number | undefined
  readonly refuses: number
  readonly lifetime: 'tab' | 'device'
  /** How often a rule of the reviewer fails: then one message of a flush waits, and others are accepted. */
  readonly fails: number
}

export function restorePlanFor(seed: number): RestorePlan {
  const random = new Random(seed + 2 ** 43)
  return {
    seed,
    devices: random.between(2, 4),
    actions: random.between(25, 80),
    gapMs: random.pick([5, 60, 400]),
    knows: random.pick(['marks', 'marks', 'told']),
    hasRestarts: random.chance(0.4),
    deletes: random.pick([0, 0.3, 1]),
    delayMs: random.pick([1, 10, 60]),
    signerMs: random.pick([0, 0, 5]),
    storeMs: random.pick([0, 1, 20]),
    diskMs: random.pick([0, 1, 20]),
    checkpointSteps: random.pick([undefined, 0, 2]),
    tailChangesMax: random.pick([undefined, undefined, 0, 4]),
    refuses: random.pick([0, 0.1]),
    lifetime: random.pick(['device', 'tab']),
    fails: random.pick([0, 0, 0, 0.2]),
  }
}

export function describeRestores(seed: number): string {
  const { seed: _, ...plan } = restorePlanFor(seed)
  const said = Object.entries(plan).flatMap(([name, value]) =>
    value === undefined ? [] : `${name}=${String(value)}`,
  )
  return `workload W8, restores of the reviewer: ${said.join(' ')}`
}
