/** The plan of one seed of the world of peers. Its random numbers are its own: it shares none with other plans. */
import { Random } from '../../model/random.ts'

export interface PeersPlan {
  readonly seed: number
  readonly devices: number
  readonly actions: number
  readonly gapMs: number
  /** Of a frame, to home and to peers. */
  readonly delayMs: number
  /** How often a text that is sent to all is lost on its way to one peer. */
  readonly loses: number
  readonly signerMs: number
  readonly storeMs: number
  readonly diskMs: number
  readonly checkpointSteps: number | undefined
  readonly lifetime: 'tab' | 'device'
  readonly hasRestarts: boolean
  readonly parts: boolean
  readonly freezes: boolean
  /**
   * A device that claims without an election, whose verdicts are not signed, or that writes in the name of
   * other authors.
   */
  readonly liar: 'claims' | 'verdicts' | 'authors' | undefined
  /** Devices leave for good, after peers have taken what they wrote. */
  readonly leaves: boolean
}

export function peersPlanFor(seed: number): PeersPlan {
  const random = new Random(seed + 2 ** 42)
  const plan = {
    seed,
    devices: random.between(2, 5),
    actions: random.between(20, 70),
    gapMs: random.pick([200, 1_500, 4_000]),
    delayMs: random.pick([1, 20, 150]),
    loses: random.pick([0, 0, 0.1]),
    signerMs: random.pick([0, 0, 5]),
    storeMs: random.pick([0, 5]),
    diskMs: random.pick([0, 1, 20]),
    checkpointSteps: random.pick([undefined, 0, 2]),
    lifetime: random.pick(['device', 'tab'] as const),
    hasRestarts: random.chance(0.4),
    parts: random.chance(0.5),
    freezes: random.chance(0.3),
    liar: random.pick([undefined, undefined, undefined, 'claims', 'verdicts'] as const),
  }
  const lying = random.chance(0.2) ? { ...plan, liar: 'authors' as const } : plan
  return { ...lying, leaves: random.chance(0.6) }
}

export function describePeers(seed: number): string {
  const { seed: _, ...plan } = peersPlanFor(seed)
  const said = Object.entries(plan).flatMap(([name, value]) =>
    value === undefined ? [] : `${name}=${String(value)}`,
  )
  return `workload W9, peers while home is away: ${said.join(' ')}`
}
