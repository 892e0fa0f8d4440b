/** When a store gives up what was written on messages that the reviewer lacks. */
import { expect, test } from 'vitest'
import type { Entry } from '../../history/entry.ts'
import { Orphans } from './orphans.ts'

test('LOSS9 it is given up 2 minutes after the first nack, and not in the first 30 s of a link', () => {
  const entry = { session: { sessionId: 's' }, clientSeq: 1, writes: [] } as unknown as Entry
  const orphans = new Orphans()
  const isGivenUp = (nowMs: number): boolean => orphans.nacked([entry], [], nowMs).length > 0
  orphans.greeted(0)
  expect([0, 40_000, 119_999].map(isGivenUp)).toEqual([false, false, false])
  orphans.greeted(110_000)
  expect([120_000, 139_999, 140_000].map(isGivenUp)).toEqual([false, false, true])
  orphans.startAnew()
  expect([140_001, 260_000, 260_001].map(isGivenUp)).toEqual([false, false, true])
})
