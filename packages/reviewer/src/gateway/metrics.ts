/** The counters of a gateway, and the Prometheus metrics of it and its reviewer. */
import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import type { GatewayHost, GatewayReviewer } from './types.ts'

/** Counters as plain numbers, so that counting is cheap for each frame. */
export interface GatewayCounts {
  framesIn: number
  framesOut: number
  charsIn: number
  charsOut: number
  refused: number
  tooSlow: number
}

/** Counters at 0. */
export function newCounts(): GatewayCounts {
  return { framesIn: 0, framesOut: 0, charsIn: 0, charsOut: 0, refused: 0, tooSlow: 0 }
}

/** Registers the metrics, which are read from `state` and `counts` at each scrape. */
export function registerMetrics(
  registry: Registry,
  reviewer: GatewayReviewer | GatewayHost,
  counts: GatewayCounts,
): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    const made: Gauge = new Gauge({
      name: `countersign_${name}`,
      help,
      registers: [registry],
      collect: () => made.set(read()),
    })
  }
  const total = (
    name: string,
    help: string,
    label: string,
    read: () => Readonly<Record<string, number>>,
  ): void => {
    const made: Counter = new Counter({
      name: `countersign_${name}_total`,
      help,
      labelNames: [label],
      registers: [registry],
      collect: () => {
        made.reset()
        for (const [value, count] of Object.entries(read())) made.inc({ [label]: value }, count)
      },
    })
  }
  const spaces = new SpaceTotals(reviewer)
  gauge('open_spaces', 'Spaces that are open.', () => spaces.open.length)
  gauge('connections', 'Clients that are connected.', () => reviewer.state.connections)
  gauge('epoch', 'Epoch of the head, of open spaces the latest.', () =>
    Math.max(0, ...spaces.open.map(({ state }) => state.epoch)),
  )
  gauge('head_seq', 'Seqs of the heads of open spaces, added up.', () =>
    spaces.open.reduce((sum, { state }) => sum + state.seq, 0),
  )
  gauge('pending_commit', 'Messages that wait for a commit.', () => reviewer.state.pendingCommit)
  gauge('healthy', '1 while the store works.', () => (reviewer.state.healthy ? 1 : 0))
  gauge(
    'nacked',
    'Messages sent back without a verdict since the start.',
    () => spaces.read().nacked,
  )
  total('verdicts', 'Messages with a verdict since the start.', 'verdict', () => {
    const { accepted, rejected } = spaces.read()
    return { accepted, rejected }
  })
  total('frames', 'Frames, by direction.', 'direction', () => ({
    in: counts.framesIn,
    out: counts.framesOut,
  }))
  total('frame_chars', 'Characters in frames, by direction.', 'direction', () => ({
    in: counts.charsIn,
    out: counts.charsOut,
  }))
  total('links_ended', 'Links that the gateway refused or dropped.', 'why', () => ({
    refused: counts.refused,
    too_slow: counts.tooSlow,
  }))
}

const SUMMED = ['accepted', 'rejected', 'nacked'] as const
type Sums = Record<(typeof SUMMED)[number], number>

/**
 * Monotonic sums over all spaces. A reviewer counts from the opening of its space, so its growth is
 * added at each scrape, and stays when the space is closed. Counts between the last scrape and the
 * closing are lost.
 */
class SpaceTotals {
  readonly #reviewer: GatewayReviewer | GatewayHost
  readonly #seen = new WeakMap<object, Sums>()
  readonly #sums: Sums = { accepted: 0, rejected: 0, nacked: 0 }

  constructor(reviewer: GatewayReviewer | GatewayHost) {
    this.#reviewer = reviewer
  }

  get open(): readonly Pick<GatewayReviewer, 'state'>[] {
    return 'open' in this.#reviewer ? this.#reviewer.open : [this.#reviewer]
  }

  read(): Readonly<Sums> {
    for (const one of this.open) {
      const { state } = one
      const seen = this.#seen.get(one)
      for (const name of SUMMED) this.#sums[name] += state[name] - (seen?.[name] ?? 0)
      const { accepted, rejected, nacked } = state
      this.#seen.set(one, { accepted, rejected, nacked })
    }
    return this.#sums
  }
}
