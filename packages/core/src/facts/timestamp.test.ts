import { expect, test } from 'vitest'
import { Desk } from '../testing/desk.ts'
import { TIMESTAMP_MAX_MS, correctedClock, timestampFault, timestampOf } from './timestamp.ts'

const OUTSIDE = [-1, -(2 ** 53 - 1), TIMESTAMP_MAX_MS + 1, 2 ** 53 - 1]
const INSIDE = [0, 1, TIMESTAMP_MAX_MS]

test('§7 timestamp: a clock is corrected to the nearest whole moment that a Date can hold', () => {
  const wrong = [...OUTSIDE, NaN, Infinity, -Infinity, 1e300, 1.9, -0.5, -0]
  for (const now of [...wrong, ...INSIDE]) {
    const corrected = timestampOf(now)
    expect(timestampFault(corrected)).toBeUndefined()
    expect(new Date(corrected).toISOString()).toEqual(expect.any(String))
    expect(Number.isSafeInteger(corrected) && !Object.is(corrected, -0)).toBe(true)
  }
  expect(INSIDE.map(timestampOf)).toEqual(INSIDE)
  const { clock } = new Desk()
  clock.now = () => -7
  expect(correctedClock(clock).now()).toBe(0)
})

test('§7 timestamp: a timestamp of another client with a wrong clock is rejected for good, with a sentence', async () => {
  const desk = await Desk.open()
  const ann = await desk.author('ann')
  const create = (time: number) =>
    ann.message([{ type: 'issue', id: ann.ids.next(), kind: 'create', values: { a: 1 } }], { time })
  for (const timestamp of OUTSIDE) {
    const message = create(timestamp)
    await ann.offer(message)
    expect(ann.verdict(message), String(timestamp)).toBe('invalid')
    const refusals = ann.heard.flatMap((frame) =>
      frame.kind === 'rejected' ? frame.rejections : [],
    )
    expect(refusals.at(-1)!.detail).toContain(`${timestamp} is not between 0 and`)
  }
  for (const timestamp of INSIDE) {
    const message = create(timestamp)
    await ann.offer(message)
    expect(ann.verdict(message), String(timestamp)).toBe('accepted')
  }
})
