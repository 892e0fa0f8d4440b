/** When a peer brings home what peers have reviewed, and when it does not. */
import { expect, test } from 'vitest'
import type { Brought } from '../../sync/bring-requests.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { type BatchToBring, Bringing } from './bringing.ts'

const SPREAD_MS = 12_000

function batch(name: string, text = name): BatchToBring {
  const position = { eid: 'e', epoch: 2, seq: 901, chain: name }
  const others = [{ sessionId: `session of ${name}`, clientSeq: 1 }]
  return { text, seals: [], from: { seq: 900, chain: '' }, position, others }
}

/** A peer with what it was given, and a home that answers with `answers`, or 'judged'. */
function scene() {
  const clock = new VirtualClock()
  const brought: string[] = []
  const accepted = new Set<string>()
  const answers: (Brought | Error)[] = []
  const made = { isOnline: true, unit: 0.5 }
  const bringing = new Bringing({
    clock,
    random: { bytes: () => new Uint8Array(), unit: () => made.unit },
    isOnline: () => made.isOnline,
    isAccepted: (sessionId) => accepted.has(sessionId),
    bring: ({ position }) => {
      brought.push(position.chain)
      const answer = answers.shift() ?? 'judged'
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)
    },
  })
  const pass = async (ms: number): Promise<void> => {
    const until = clock.monotonic() + ms
    clock.after(ms, () => {})
    while (clock.nextMs !== undefined && clock.nextMs <= until) {
      clock.step()
      for (let turn = 0; turn < 20; turn++) await Promise.resolve()
    }
  }
  return { ...{ bringing, brought, accepted, answers, made, pass, clock } }
}

test('PEER14 a peer brings what it holds in its order, some time after home is back, and once', async () => {
  const { bringing, brought, made, pass, clock } = scene()
  for (const name of ['a', 'b', 'a']) bringing.hold(batch(name))
  bringing.hold({ ...batch('own'), others: [] })
  await pass(60_000)
  expect(brought).toEqual([])
  made.unit = 0
  bringing.begin()
  await pass(1_000)
  expect(brought).toEqual([])
  await pass(1_000)
  expect(brought).toEqual(['a', 'b'])
  bringing.begin()
  await pass(7_200_000)
  expect([brought.length, clock.nextMs]).toEqual([2, undefined])
})

test('PEER14 what home has accepted meanwhile is not brought', async () => {
  const { bringing, brought, accepted, pass } = scene()
  for (const name of ['a', 'b']) bringing.hold(batch(name))
  bringing.begin()
  accepted.add('session of a')
  await pass(SPREAD_MS)
  expect(brought).toEqual(['b'])
})

test('PEER14 what home cannot judge yet is brought again, each time later, and does not keep up the rest', async () => {
  const { bringing, brought, answers, made, pass } = scene()
  for (const name of ['a', 'b']) bringing.hold(batch(name))
  made.unit = 1
  answers.push('not_bound', 'judged', 'parent_unknown', 'busy', 'judged')
  bringing.begin()
  await pass(SPREAD_MS)
  expect(brought).toEqual(['a', 'b'])
  for (const [ms, count] of [
    [29_000, 2],
    [1_500, 3],
    [59_000, 3],
    [1_500, 4],
    [118_000, 4],
    [3_000, 5],
    [7_200_000, 5],
  ] as const) {
    await pass(ms)
    expect(brought).toHaveLength(count)
  }
})

test('PEER14 without a link, or an answer, it waits until home is back', async () => {
  const { bringing, brought, answers, made, pass } = scene()
  for (const name of ['a', 'b']) bringing.hold(batch(name))
  made.isOnline = false
  bringing.begin()
  await pass(7_200_000)
  expect(brought).toEqual([])
  made.isOnline = true
  answers.push(new Error('the link was lost'))
  bringing.begin()
  await pass(SPREAD_MS)
  expect(brought).toEqual(['a', 'b'])
  await pass(31_000)
  expect(brought).toEqual(['a', 'b', 'a'])
})

test('PEER14 of more than it can hold the oldest go, and so does what is too large to be brought', async () => {
  const { bringing, brought, answers, pass, clock } = scene()
  const text = 'x'.repeat(1_500_000)
  for (const name of ['a', 'b', 'c']) bringing.hold(batch(name, text))
  answers.push('too_large')
  bringing.begin()
  await pass(SPREAD_MS)
  expect([brought, clock.nextMs]).toEqual([['b', 'c'], undefined])
  bringing.hold(batch('d'))
  bringing.begin()
  bringing.close()
  await pass(SPREAD_MS)
  expect(brought).toEqual(['b', 'c'])
})
