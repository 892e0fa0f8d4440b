/** Which sessions a link binds, and when another link takes its place. */
import { expect, test } from 'vitest'
import type { Uuid } from '../base/uuid.ts'
import type { SessionOpening } from '../facts/message.ts'
import { Binding } from './binding.ts'

const openings = ['own', 'a', 'b', 'c', 'd'].map(
  (sessionId) => ({ sessionId }) as unknown as SessionOpening,
)
const limits = { sessionsPerBindMax: 8, sessionsPerLinkMax: 3 }
const all = (): boolean => true

function bound(binding: Binding, waits: (sessionId: Uuid) => boolean = all): readonly Uuid[] {
  const ids: Uuid[] = []
  for (;;) {
    const part = binding.next(openings, waits, 0)
    if (!part) return ids
    const sessionIds = part.map(({ sessionId }) => sessionId)
    ids.push(...sessionIds)
    binding.bound(sessionIds)
  }
}

test('OPN4 the own session comes first, then those that wait, as many as one link may speak for', () => {
  const waits = (sessionId: Uuid): boolean => sessionId !== 'a'
  expect(bound(new Binding(limits), waits)).toEqual(['own', 'b', 'c'])
})

test('OPN4 one part at a time is under way, with so many openings; it is asked again without an answer', () => {
  const binding = new Binding({ sessionsPerBindMax: 2, sessionsPerLinkMax: 5 })
  const part = binding.next(openings, all, 1_000)
  expect(part?.map(({ sessionId }) => sessionId)).toEqual(['own', 'a'])
  expect(binding.next(openings, all, 2_000)).toBeUndefined()
  expect(binding.unanswered(999, 6_000)).toBeUndefined()
  expect(binding.unanswered(1_000, 6_000)).toBe(part)
  expect(binding.unanswered(5_999, 11_000)).toBeUndefined()
  binding.bound(['own', 'a'])
  expect(binding.unanswered(6_000, 11_000)).toBeUndefined()
  expect(binding.next(openings, all, 11_000)?.map(({ sessionId }) => sessionId)).toEqual(['b', 'c'])
})

test('AUTH5 a renewed login binds the own session, with those that wait for their answer beside it', () => {
  const binding = new Binding({ sessionsPerBindMax: 2, sessionsPerLinkMax: 5 })
  const [own] = openings as [SessionOpening]
  const part = binding.next(openings, all, 0)
  expect(binding.renewed(own)).toBe(part)
  binding.bound(['own', 'a'])
  expect(binding.renewed(own)).toEqual([own])
  binding.next(openings, all, 0)
  expect(binding.renewed(own)).toEqual([own])
  binding.bound(['own'])
  binding.bound(['b', 'c'])
  expect(['own', 'a', 'b', 'c'].every((id) => binding.has(id))).toBe(true)
})

test('a link is used up when its ended sessions have their verdicts and others wait', () => {
  const binding = new Binding(limits)
  expect(bound(binding)).toEqual(['own', 'a', 'b'])
  expect(binding.isUsedUp(openings, all)).toBe(false)
  expect(binding.isUsedUp(openings, (sessionId) => sessionId !== 'a' && sessionId !== 'b')).toBe(
    true,
  )
})

test('a link is used up when each of its ended sessions waits for a message of another', () => {
  const binding = new Binding(limits)
  bound(binding)
  const nack = (sessionId: Uuid, oldest: number, times: number): void => {
    const frame = { sessionId, reason: 'parent_unknown', clientSeqs: [oldest, oldest + 1] } as const
    for (let i = 0; i < times; i++) {
      binding.nacked(frame, oldest)
      binding.nacked({ ...frame, clientSeqs: [oldest + 7] }, oldest) // another flush of the session
    }
  }
  nack('a', 4, 3)
  expect(binding.isUsedUp(openings, all)).toBe(false)
  nack('b', 1, 2)
  nack('b', 2, 2) // its first message has got its verdict
  expect(binding.isUsedUp(openings, all)).toBe(false)
  nack('b', 2, 1)
  expect(binding.isUsedUp(openings, all)).toBe(true)
})

test('each session gets its turn: the next link binds those first that were bound longest ago', () => {
  const few = { ...limits, sessionsPerLinkMax: 2 }
  let binding = new Binding(few)
  const turns = Array.from({ length: 6 }, () => {
    const ids = bound(binding)
    binding = new Binding(few, binding)
    return ids
  })
  expect(turns.map(([own, other]) => `${own} ${other}`)).toEqual([
    ...['own a', 'own b', 'own c', 'own d', 'own a', 'own b'],
  ])
})

test('OPN5 a session that the reviewer has forgotten is bound again before others, in its own place', () => {
  const binding = new Binding(limits)
  expect(bound(binding)).toEqual(['own', 'a', 'b'])
  binding.nacked({ sessionId: 'a', reason: 'not_bound', clientSeqs: [1] }, 1)
  expect(binding.has('a')).toBe(false)
  expect(bound(binding)).toEqual(['a'])
  expect(binding.has('a')).toBe(true)
  expect(bound(binding)).toEqual([])
})

test('OPN5 forgotten sessions are bound one at a time, until the last one has its verdicts or waits for others', () => {
  const binding = new Binding({ sessionsPerBindMax: 8, sessionsPerLinkMax: 8 })
  const waiting = new Set(['a', 'b', 'c', 'd'])
  const waits = (sessionId: Uuid): boolean => waiting.has(sessionId)
  expect(bound(binding, waits)).toEqual(['own', 'a', 'b', 'c', 'd'])
  const next = (): readonly Uuid[] => {
    const ids = binding.next(openings, waits, 0)?.map(({ sessionId }) => sessionId) ?? []
    if (ids.length > 0) binding.bound(ids)
    return ids
  }
  const nack = (sessionId: Uuid, reason: 'not_bound' | 'parent_unknown'): void =>
    binding.nacked({ sessionId, reason, clientSeqs: [1] }, 1)
  for (const id of ['a', 'b', 'c', 'd']) nack(id, 'not_bound')
  expect(next()).toEqual(['a'])
  expect(next()).toEqual([]) // its messages are judged first
  waiting.delete('a')
  expect(next()).toEqual(['b'])
  nack('b', 'parent_unknown')
  expect(next()).toEqual(['c'])
  nack('c', 'not_bound')
  expect(next()).toEqual(['c'])
  waiting.delete('c')
  expect(next()).toEqual(['d'])
  expect(['b', 'd'].every((id) => binding.has(id))).toBe(true)
})
