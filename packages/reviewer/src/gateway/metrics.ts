/** What a gateway counts, and how Prometheus sees it and the reviewer behind it. */
import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import type { GatewayReviewer } from './types.ts'

/** Plain numbers, so that counting costs nothing on the way of a frame. */
export interface GatewayCounts {
  framesIn: number
  framesOut: number
  charsIn: number
  charsOut: number
  refused: number
  tooSlow: number
}

export function newCounts(): GatewayCounts {
  return { framesIn: 0, framesOut: 0, charsIn: 0, charsOut: 0, refused: 0, tooSlow: 0 }
}

/** Registers the metrics. Each is read from `state` and `counts` at the moment of a scrape. */
export function registerMetrics(
  registry: Registry,
  reviewer: GatewayReviewer,
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
  gauge('connections', 'Clients that are connected.', () => reviewer.state.connections)
  gauge('epoch', 'Epoch of the head.', () => reviewer.state.epoch)
  gauge('head_seq', 'Seq of the head.', () => reviewer.state.seq)
  gauge('pending_commit', 'Messages that wait for a commit.', () => reviewer.state.pendingCommit)
  gauge('healthy', '1 while the store works.', () => (reviewer.state.healthy ? 1 : 0))
  gauge(
    'nacked',
    'Messages sent back without a verdict since the start.',
    () => reviewer.state.nacked,
  )
  total('verdicts', 'Messages with a verdict since the start.', 'verdict', () => ({
    accepted: reviewer.state.accepted,
    rejected: reviewer.state.rejected,
  }))
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
