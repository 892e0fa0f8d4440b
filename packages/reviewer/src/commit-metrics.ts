/** Prometheus metrics of the commits of core's reviewer. */
import type { ReviewerEvent } from '@countersign/core/reviewer'
import { Counter, Histogram } from 'prom-client'
import type { Registry } from 'prom-client'

const COMMIT_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2]
const BATCH_MESSAGES = [1, 4, 16, 64, 256, 1_024, 2_048]
const TROUBLES: ReadonlySet<string> = new Set([
  'store_failed',
  'rule_failed',
  'can_read_failed',
  'fold_failed',
  'strike',
])

/** Registers the metrics. Returns the listener to call with every event. */
export function commitMetrics(registry: Registry): (event: ReviewerEvent) => void {
  const registers = [registry]
  const seconds = new Histogram({
    name: 'countersign_commit_seconds',
    help: 'From the first check of a batch to its commit.',
    buckets: COMMIT_SECONDS,
    registers,
  })
  const messages = new Histogram({
    name: 'countersign_commit_messages',
    help: 'Accepted messages of a batch.',
    buckets: BATCH_MESSAGES,
    registers,
  })
  const troubles = new Counter({
    name: 'countersign_troubles_total',
    help: 'Failures of the store and of rules, and clients that broke the protocol.',
    labelNames: ['kind'],
    registers,
  })
  return (event) => {
    if (event.type === 'committed') {
      seconds.observe(event.durationMs / 1_000)
      messages.observe(event.messages)
    } else if (TROUBLES.has(event.type)) {
      troubles.inc({ kind: event.type })
    }
  }
}
