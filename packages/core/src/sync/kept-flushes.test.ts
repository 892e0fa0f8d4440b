/** How long own flushes with all their verdicts are kept. */
import { expect, test } from 'vitest'
import { LIMITS } from '../facts/limits.ts'
import { KeptFlushes } from './kept-flushes.ts'
import type { Flush } from './own-flush.ts'

const flush = (no: number, text = 'text'): Flush => ({
  ...{ key: `session:${no}`, entries: [], text, sig: '', sessionId: 'session' },
})

test('LOSS6 a flush that is settled in parts, on two lineages, is kept once', () => {
  const kept = new KeptFlushes(LIMITS)
  kept.add(flush(1), [1])
  kept.add(flush(4), [4])
  kept.add(flush(1), [2, 3])
  expect(kept.take().map(({ flush: { key }, accepted }) => [key, ...accepted])).toEqual([
    ['session:1', 1, 2, 3],
    ['session:4', 4],
  ])
  expect(kept.take()).toEqual([])
})

test('LOSS7 the oldest go when there are too many bytes, and those of one key are counted once', () => {
  const kept = new KeptFlushes({ ...LIMITS, journalBytesMax: 10 })
  for (const no of [1, 1, 2]) kept.add(flush(no, '12345'), [no])
  kept.add(flush(3, '12345'), [3])
  expect(kept.take().map(({ flush: { key } }) => key)).toEqual(['session:2', 'session:3'])
})
