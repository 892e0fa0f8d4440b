import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { RING_BYTES_MAX, RING_EVENTS_MAX } from './event-ring.ts'
import { Feed, type FeedSubject } from './feed.ts'

const REVIEW = { reviewerId: 'r', eid: 'e', epoch: 1, seq: 7, forked: false, at: 5 }

function subject(
  clientSeq: number,
  changes = 1,
): FeedSubject & { identified: boolean; id: string } {
  return {
    session: { authorId: 'author', sessionId: 'session' },
    clientSeq,
    identified: false,
    id: '',
    timestamp: 42,
    writes: Array.from({ length: changes }, (_, at) => ({ type: 'issue', entityId: `e${at}` })),
    review: null,
    rejection: undefined,
  }
}

describe('feed', () => {
  it('records the life of a message under one name, and its id', () => {
    const feed = new Feed(() => 42)
    const message = subject(3)
    feed.written(message)
    feed.moved('queued', Object.assign(message, { identified: true, id: 'm3' }))
    feed.moved('sent', message)
    feed.settled({ ...message, review: REVIEW })
    const events = feed.events()
    expect(events.map(({ kind, seq, at, v }) => [kind, seq, at, v])).toEqual([
      ['written', 1, 42, 1],
      ['queued', 2, 42, 1],
      ['sent', 3, 42, 1],
      ['accepted', 4, 42, 1],
    ])
    expect(events.map((event) => 'message' in event && event.message.name)).toEqual(
      Array.from({ length: 4 }, () => 'session:3'),
    )
    expect(events[0]).toMatchObject({ message: { id: 'm3', changes: 1 } })
    expect(events[3]).toMatchObject({ message: { id: 'm3' }, review: REVIEW })
    expect(JSON.parse(JSON.stringify(events))).toEqual(events.map((event) => ({ ...event })))
  })

  it('does not compute an id', () => {
    const feed = new Feed(() => 0)
    const costly = Object.defineProperty(subject(1), 'id', {
      get: () => expect.unreachable('an id costs a hash'),
    })
    feed.written(costly)
    expect(feed.events()).toHaveLength(1)
  })

  it('distinguishes rejected from blocked', () => {
    const feed = new Feed(() => 0)
    feed.settled({ ...subject(1), rejection: { reason: 'stale', detail: 'x'.repeat(9_999) } })
    feed.settled({ ...subject(2), rejection: { reason: 'parent_rejected', detail: undefined } })
    const [first, second] = feed.events()
    expect(first).toMatchObject({ kind: 'rejected', refusal: { reason: 'stale' } })
    expect(JSON.stringify(first).length).toBeLessThan(600)
    expect(second).toMatchObject({ kind: 'blocked' })
  })

  it('records the position of a review, and none of the values that a reviewer assigned', () => {
    const feed = new Feed(() => 0)
    feed.arrived({
      ...subject(1),
      review: { ...REVIEW, assigned: [{ number: 'canary' }] } as never,
    })
    expect(feed.events()[0]).toMatchObject({ kind: 'arrived', review: REVIEW })
    expect(JSON.stringify(feed.events())).not.toContain('canary')
  })

  it('keeps the newest events, and returns those after a number', () => {
    const feed = new Feed(() => 0)
    for (let n = 1; n <= RING_EVENTS_MAX + 3; n++) feed.written(subject(n))
    expect(feed.dropped).toBe(3)
    expect(feed.events()[0]).toMatchObject({ seq: 4, message: { name: 'session:4' } })
    expect(feed.events(RING_EVENTS_MAX + 2)).toHaveLength(1)
    expect(feed.events(RING_EVENTS_MAX + 3)).toEqual([])
    // A reused slot keeps nothing of its previous event.
    feed.state('connection', 'online', undefined)
    const last = feed.events().at(-1)!
    expect(Object.keys(last).sort()).toEqual(['at', 'kind', 'seq', 'state', 'text', 'v'])
  })

  it('keeps the order of writes and of what happens between them', () => {
    const feed = new Feed(() => 0)
    feed.written(subject(1))
    feed.written(subject(2))
    feed.state('connection', 'offline', undefined)
    feed.written(subject(3))
    feed.moved('queued', subject(1))
    const kinds = ['written', 'written', 'connection', 'written', 'queued']
    expect(feed.events().map(({ kind }) => kind)).toEqual(kinds)
    expect(feed.events().map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5])
  })

  it('lists a wide message under its first entities, and counts the rest', () => {
    const feed = new Feed(() => 0)
    feed.written(subject(1, 9))
    const [event] = feed.events()
    expect(event).toMatchObject({ message: { changes: 9, entities: { length: 4 } } })
  })

  it('calls a listener once until events are read, and not after it has unsubscribed', () => {
    const feed = new Feed(() => 0)
    let calls = 0
    const end = feed.subscribe(() => calls++)
    feed.written(subject(1))
    feed.written(subject(2))
    expect(calls).toBe(1)
    expect(feed.events(1)).toHaveLength(1)
    feed.written(subject(3))
    expect(calls).toBe(2)
    end()
    feed.events()
    feed.written(subject(4))
    expect(calls).toBe(2)
  })

  it('stays within its bytes after a million events, however wide the messages are', () => {
    setFlagsFromString('--expose-gc')
    const gc = runInNewContext('gc') as () => void
    const feed = new Feed(() => 1_700_000_000_000)
    const uuid = (n: number): string => `00000000-0000-8000-8000-${String(n).padStart(12, '0')}`
    gc()
    const before = process.memoryUsage().heapUsed
    for (let n = 0; n < 250_000; n++) {
      const wide = subject(n, 6)
      const message: FeedSubject = {
        ...wide,
        identified: true,
        id: uuid(n),
        // Texts of their own, as parsed frames have them.
        writes: wide.writes.map(({ type }, at) => ({ type, entityId: uuid(n * 8 + at) })),
      }
      feed.written(message)
      feed.moved('queued', message)
      feed.moved('sent', message)
      feed.settled({ ...message, review: { ...REVIEW, seq: n } })
    }
    gc()
    const grown = process.memoryUsage().heapUsed - before
    expect(feed.events()).toHaveLength(RING_EVENTS_MAX)
    expect(feed.dropped).toBe(1_000_000 - RING_EVENTS_MAX)
    expect(grown).toBeLessThan(RING_BYTES_MAX)
  }, 60_000)
})
