/** Reviewers of one process: what they have at hand is within one budget. */
import { expect, test } from 'vitest'
import { LIMITS } from '../facts/limits.ts'
import { DESK_SPACE, Desk } from '../testing/desk.ts'
import type { Reviewer } from './api.ts'
import { cachesOf } from '../review/caches.ts'
import { openReviewer } from './reviewer.ts'

test('§20 bounds: reviewers share the caches of their process, and one that closes leaves its part', async () => {
  const desk = await Desk.open()
  await desk.close()
  const cacheBytesMax = 20_000
  const caches = cachesOf({ ...LIMITS, cacheBytesMax })
  const { clock, random, signer, keys, spaces } = desk
  const open = async (): Promise<Reviewer> => {
    const options = { clock, random, signer, keys, space: DESK_SPACE, spaces: spaces.connect() }
    const opened = openReviewer(options, caches)
    await desk.settle()
    const reviewer = await opened
    desk.use(reviewer)
    return reviewer
  }
  const bytesOf = ({ state }: Reviewer): number => state.cachedBytes
  const write = async (): Promise<void> => {
    const ann = await desk.author('ann')
    await ann.offer(...Array.from({ length: 40 }, (_, n) => ann.create('issue', { n })))
    await desk.pass(5_000) // written behind
  }
  const first = await open()
  await write()
  expect(bytesOf(first)).toBeGreaterThan(cacheBytesMax / 2)
  expect(bytesOf(first)).toBeLessThanOrEqual(cacheBytesMax)
  const second = await open()
  await write()
  expect(bytesOf(first)).toBeGreaterThan(0)
  expect(bytesOf(second)).toBeGreaterThan(bytesOf(first) / 2)
  expect(bytesOf(first) + bytesOf(second)).toBeLessThanOrEqual(cacheBytesMax)
  const closed = first.close()
  await desk.settle()
  await closed
  await write()
  expect(bytesOf(first)).toBe(0)
  expect(bytesOf(second)).toBeGreaterThan(cacheBytesMax * 0.9)
})
