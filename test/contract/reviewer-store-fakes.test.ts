/**
 * The faulty store under the reviewer store contract; and what it alone can show: a commit whose
 * answer is lost, one that never was, and a reviewer that dies on either side of it.
 */
import { FaultyStore, ProcessClock, SeededRandom, VirtualClock } from '@countersign/core/testing'
import type { StoreFaults } from '@countersign/core/testing'
import { describe, expect, test } from 'vitest'
import { batchOf } from './reviewer-store-batches.ts'
import { reviewerStoreContract } from './reviewer-store.ts'
import { runByItself, settle } from './virtual-time.ts'

function placeWith(faults: () => Partial<StoreFaults>): () => { open: FaultyStore['open'] } {
  return () => {
    const clock = new VirtualClock()
    runByItself(clock)
    const store = new FaultyStore({ clock, faults: faults() })
    return { open: () => store.open() }
  }
}

reviewerStoreContract(
  'faulty store without faults',
  placeWith(() => ({})),
  { durable: true },
)

reviewerStoreContract(
  'faulty store, slow and uneven',
  placeWith(() => {
    const random = new SeededRandom(3)
    return { latencyMs: () => random.unit() * 30, answerMs: () => random.unit() * 30 }
  }),
  { durable: true },
)

describe('faulty store', () => {
  test.for(['before', 'after'] as const)('an append that fails %s its commit', async (when) => {
    const clock = new VirtualClock()
    const committed: number[] = []
    const store = new FaultyStore({
      clock,
      faults: { appendFails: () => when },
      onCommit: (batch) => committed.push(batch.expectSeq),
    })
    const failing = store
      .open()
      .append(batchOf(0, [2]))
      .then(
        () => undefined,
        (error: unknown) => error,
      )
    await settle(clock)
    expect(await failing).toBeInstanceOf(Error)
    expect(store.database.seq).toBe(when === 'after' ? 2 : 0)
    expect(committed).toEqual(when === 'after' ? [0] : [])
  })

  test.for([true, false])(
    'a reviewer that dies before its commit (outlived: %s)',
    async (outlives) => {
      const clock = new VirtualClock()
      const store = new FaultyStore({
        clock,
        faults: { latencyMs: () => 5, outlives: () => outlives },
      })
      const process = new ProcessClock(clock)
      let answers = 0
      void store
        .open(process)
        .append(batchOf(0, [1]))
        .then(() => answers++)
      process.kill()
      await settle(clock)
      expect([answers, store.database.seq]).toEqual([0, outlives ? 1 : 0])
    },
  )

  test('a reviewer that dies after its commit never hears of it', async () => {
    const clock = new VirtualClock()
    const store = new FaultyStore({ clock, faults: { answerMs: () => 5 } })
    const process = new ProcessClock(clock)
    let answers = 0
    void store
      .open(process)
      .append(batchOf(0, [1]))
      .then(() => answers++)
    clock.step()
    process.kill()
    await settle(clock)
    expect([answers, store.database.seq]).toEqual([0, 1])
  })
})
