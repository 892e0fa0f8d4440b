/** A process of its own for one number: what the feed holds on to after a million events. */
import { Feed, type FeedSubject, RING_EVENTS_MAX } from '@countersign/core/inspect'
import { must } from '../figure.ts'

export const EVENTS = 1_000_000
/** Written, queued, sent, accepted. */
const EVENTS_A_MESSAGE = 4
const CHANGES = 6

if (process.send) {
  const bytes = grownBy()
  process.send(bytes, () => process.exit(0))
}

function grownBy(): number {
  const feed = new Feed(() => 1_700_000_000_000)
  globalThis.gc!()
  const before = process.memoryUsage()
  for (let n = 0; n < EVENTS / EVENTS_A_MESSAGE; n++) {
    const message = subject(n)
    feed.written(message)
    feed.moved('queued', message)
    feed.moved('sent', message)
    const review = { reviewerId: uuid(1), eid: uuid(2), epoch: 1, seq: n, forked: false, at: n }
    feed.settled({ ...message, review })
  }
  globalThis.gc!()
  const after = process.memoryUsage()
  must(feed.events().length === RING_EVENTS_MAX, 'the ring is not full')
  must(feed.dropped === EVENTS - RING_EVENTS_MAX, 'events were lost')
  return after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers
}

/** With texts of its own, as parsed frames have them. */
function subject(n: number): FeedSubject {
  const writes = Array.from({ length: CHANGES }, (_, at) => ({
    type: 'task',
    entityId: uuid(n * CHANGES + at),
  }))
  const session = { authorId: uuid(3), sessionId: uuid(4) }
  const said = { timestamp: n, review: null, rejection: undefined }
  return { session, clientSeq: n, identified: true, id: uuid(n), writes, ...said }
}

function uuid(n: number): string {
  return `00000000-0000-8000-8000-${String(n).padStart(12, '0')}`
}
