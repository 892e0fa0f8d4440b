/**
 * A reload right after a write, a short run of `pnpm reloads`: what a page was told is durable is
 * there; of the rest no more is lost than by a bare IndexedDB `put`, with a margin for so few tries.
 */
import { reloads } from '../bench/browser/reloads.ts'
import { expect, test } from '@playwright/test'

const TRIES = 10
const MARGIN = 3

test('§6: a reload in the turn of a write loses no more than a bare put, and nothing that was flushed', async () => {
  const [losses] = await reloads([0], TRIES)
  expect(losses!.flushedLost).toBe(0)
  expect(losses!.lost.ours).toBeLessThanOrEqual(losses!.lost.bare + MARGIN)
})
