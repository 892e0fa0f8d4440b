/** What was sent back without a verdict rests, and does not hold up what comes after it. */
import { expect, test } from 'vitest'
import type { Review } from '../facts/message.ts'
import { Entry } from '../history/entry.ts'
import { Outbox } from './outbox.ts'
import type { Flush } from './own-flush.ts'

const CREDITS = { messages: 1, bytes: 1_000_000 }
const PLENTY = { messages: 1_000, bytes: 1_000_000 }
const session = { authorId: 'a', sessionId: 's' }

function flushOf(clientSeq: number): Flush {
  const entry = new Entry({
    session,
    clientSeq,
    timestamp: 0,
    arrival: clientSeq,
    identifier: () => {},
  })
  const entries = [entry]
  return { key: `s:${clientSeq}`, entries, text: '[]', sig: '', sessionId: 's' }
}

test('VRD4 states: a flush that was sent back alone rests, and others take its credits', () => {
  const outbox = new Outbox()
  const [poison, second, third] = [flushOf(1), flushOf(2), flushOf(3)]
  for (const flush of [poison, second, third]) {
    outbox.addFlush(flush, flush.entries)
    outbox.release(flush, 'queued')
  }
  expect(outbox.takeOffers(CREDITS, 0)).toEqual([poison])
  outbox.requeue(poison.entries[0]!, 500)
  expect(poison.entries[0]!.state).toBe('queued')
  expect(outbox.takeOffers(CREDITS, 10)).toEqual([second])
  expect(outbox.takeOffers(CREDITS, 20)).toEqual([]) // no credit is left
  outbox.settle(second.entries[0]!)
  expect(outbox.takeOffers(CREDITS, 30)).toEqual([third])
  outbox.settle(third.entries[0]!)
  expect(outbox.takeOffers(CREDITS, 499)).toEqual([])
  expect(outbox.takeOffers(CREDITS, 500)).toEqual([poison])
})

test('§6 states: with a new link nothing rests any more', () => {
  const outbox = new Outbox()
  const flush = flushOf(1)
  outbox.addFlush(flush, flush.entries)
  outbox.release(flush, 'queued')
  outbox.takeOffers(CREDITS, 0)
  outbox.requeue(flush.entries[0]!, 10_000)
  outbox.requeueAll()
  expect(outbox.takeOffers(CREDITS, 1)).toEqual([flush])
})

test('§6 states: of an adopted flush, accepted messages stay reported while the rest waits', () => {
  const outbox = new Outbox()
  const flush = flushOf(2)
  outbox.addFlush(flush, flush.entries, [[1, 'eid', 7]])
  expect([...outbox.partlyAccepted()]).toEqual([['s', [[1, 'eid', 7]]]])
  outbox.settle(flush.entries[0]!)
  expect(outbox.partlyAccepted().size).toBe(0)
})

test('§6 states: a watcher is called with each step of a message, once', () => {
  const outbox = new Outbox()
  const flush = flushOf(1)
  const [entry] = flush.entries as [Entry]
  const steps: string[] = []
  outbox.addDraft(entry)
  outbox.watcher = {
    message: (step, of) => void steps.push(`${of.clientSeq} ${step} ${of.state}`),
    snapshot: () => expect.unreachable('an outbox has no snapshots'),
    erased: () => expect.unreachable('an outbox has no states'),
  }
  outbox.addFlush(flush, flush.entries)
  outbox.release(flush, 'volatile')
  outbox.takeOffers(CREDITS, 0)
  outbox.requeue(entry, 500)
  outbox.requeueAll()
  outbox.takeOffers(CREDITS, 1)
  outbox.requeueUnanswered(Number.POSITIVE_INFINITY)
  outbox.takeOffers(CREDITS, 2)
  entry.state = 'rejected'
  outbox.settle(entry)
  expect(steps).toEqual([
    '1 volatile volatile',
    '1 sent sent',
    '1 waiting queued',
    '1 sent sent',
    '1 waiting queued',
    '1 sent sent',
    '1 settled rejected',
  ])
})

test('LOSS6 what waits again comes before what was written after it', () => {
  const outbox = new Outbox()
  const [first, other, second] = [flushOf(1), flushOf(2), flushOf(3)]
  for (const flush of [other, second]) outbox.addFlush(flush, flush.entries)
  outbox.addAgain(first, first.entries)
  for (const flush of [first, other, second]) outbox.release(flush, 'queued')
  expect(outbox.oldestOf('s')).toBe(1)
  expect([...outbox.open()].map(({ clientSeq }) => clientSeq)).toEqual([1, 2, 3])
  expect(outbox.takeOffers({ messages: 3, bytes: 1_000_000 }, 0)).toEqual([first, other, second])
})

test('LOSS6 of a flush that still waits for others, what was accepted and is lost waits again', () => {
  const outbox = new Outbox()
  const all = [1, 2, 3].map((no) => flushOf(no).entries[0]!)
  const flush = { ...flushOf(1), entries: all }
  outbox.addFlush(
    flush,
    [all[2]!],
    [
      [1, 'eid', 7],
      [2, 'eid', 8],
    ],
  )
  outbox.release(flush, 'queued')
  outbox.takeOffers(CREDITS, 0)
  const [kept] = outbox.partly()
  expect([...kept!.accepted]).toEqual([1, 2])
  const again = flushOf(2).entries
  outbox.addAgain({ ...flush, entries: again }, again)
  outbox.release({ ...flush, entries: again }, 'queued')
  expect([...outbox.open()]).toEqual([again[0], all[2]])
  const entries = [all[0], again[0], all[2]]
  // It was under way, and goes again.
  expect(outbox.takeOffers(CREDITS, 1)).toEqual([{ ...flush, entries }])
  expect(outbox.settle(again[0]!)).toBeUndefined()
  expect(outbox.settle(all[2]!)).toMatchObject({ key: flush.key, accepted: [1] })
  expect(outbox.inFlightBytes).toBe(0)
})

test('DSK4 a flush counts as accepted only if all of its messages are', () => {
  const review = { eid: 'eid', seq: 7 } as unknown as Review
  const settledWith = (...verdicts: readonly ('accepted' | 'refused' | 'blocked')[]): unknown => {
    const outbox = new Outbox()
    const entries = verdicts.map((_, i) => flushOf(i + 1).entries[0]!)
    const flush = { ...flushOf(1), entries }
    // What was blocked before it was sealed never waits.
    outbox.addFlush(
      flush,
      entries.filter((_, i) => verdicts[i] !== 'blocked'),
    )
    const settled = entries.map((entry, i) => {
      entry.identify(`id ${i}`, undefined)
      if (verdicts[i] === 'accepted') entry.review = review
      else entry.rejection = { reason: 'stale', detail: '', standing: [] }
      return verdicts[i] === 'blocked' ? undefined : outbox.settle(entry)
    })
    return settled.find((one) => one !== undefined)
  }
  expect(settledWith('accepted', 'accepted')).toMatchObject({ isAccepted: true, accepted: [1, 2] })
  expect(settledWith('refused', 'accepted')).toMatchObject({ isAccepted: false, accepted: [2] })
  expect(settledWith('accepted', 'blocked')).toMatchObject({ isAccepted: false, accepted: [1] })
})

function queued(count: number): { outbox: Outbox; flushes: readonly Flush[] } {
  const outbox = new Outbox()
  const flushes = Array.from({ length: count }, (_, n) => flushOf(n + 1))
  for (const flush of flushes) {
    outbox.addFlush(flush, flush.entries)
    outbox.release(flush, 'queued')
  }
  return { outbox, flushes }
}

test('OFF1 no flush is offered before it is stored, and none before an older one', () => {
  const outbox = new Outbox()
  const [first, second] = [flushOf(1), flushOf(2)]
  for (const flush of [first, second]) outbox.addFlush(flush, flush.entries)
  outbox.release(second, 'queued')
  expect(outbox.takeOffers(PLENTY, 0)).toEqual([])
  outbox.release(first, 'volatile')
  expect(outbox.takeOffers(PLENTY, 0, (flush) => flush !== first)).toEqual([second])
  expect(outbox.takeOffers(PLENTY, 0)).toEqual([first])
})

test('OFF2 what is under way is within the credits, and one flush always may go', () => {
  const { bytes } = queued(1).outbox
  for (const credits of [
    { messages: 2, bytes: 1_000 },
    { messages: 1_000, bytes: bytes * 2 },
  ]) {
    const { outbox, flushes } = queued(3)
    expect(outbox.takeOffers(credits, 0)).toEqual(flushes.slice(0, 2))
    outbox.settle(flushes[0]!.entries[0]!)
    expect(outbox.takeOffers(credits, 0)).toEqual(flushes.slice(2))
  }
  const { outbox, flushes } = queued(2)
  expect(outbox.takeOffers({ messages: 0, bytes: 0 }, 0)).toEqual(flushes.slice(0, 1))
})

test('OFF3 an offer waits again when it must have arrived long ago, and all do on a new link', () => {
  const { outbox, flushes } = queued(2)
  outbox.takeOffers(PLENTY, 1_000)
  outbox.requeueUnanswered(1_000)
  expect(outbox.takeOffers(PLENTY, 1_000)).toEqual([])
  outbox.settle(flushes[0]!.entries[0]!)
  outbox.requeueUnanswered(1_100)
  expect(outbox.takeOffers(PLENTY, 1_100)).toEqual(flushes.slice(1))
  outbox.requeueAll()
  expect(outbox.takeOffers(PLENTY, 1_100)).toEqual(flushes.slice(1))
})
