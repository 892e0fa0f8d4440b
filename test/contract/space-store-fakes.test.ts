/**
 * The faulty spaces under the space store contract; and what they alone can show: a write whose
 * answer is lost, one that never was, and a reviewer that dies on either side of it.
 */
import { FaultySpaces, ProcessClock, SeededRandom, VirtualClock } from '@countersign/core/testing'
import type { SpaceFaults } from '@countersign/core/testing'
import { describe, expect, test } from 'vitest'
import { SPACE, START, behindOf, commitOf } from './space-commits.ts'
import { spaceStoreContract } from './space-store.ts'
import type { SpacesPlace } from './space-store.ts'
import { runByItself, settle } from './virtual-time.ts'

function placeWith(faults: () => Partial<SpaceFaults>): () => SpacesPlace {
  return () => {
    const clock = new VirtualClock()
    runByItself(clock)
    const spaces = new FaultySpaces({ clock, faults: faults() })
    return { open: () => spaces.connect() }
  }
}

spaceStoreContract(
  'faulty spaces without faults',
  placeWith(() => ({})),
  { durable: true },
)

spaceStoreContract(
  'faulty spaces, slow and uneven',
  placeWith(() => {
    const random = new SeededRandom(3)
    return { latencyMs: () => random.unit() * 30, answerMs: () => random.unit() * 30 }
  }),
  { durable: true },
)

describe('faulty spaces', () => {
  test.for(['before', 'after'] as const)('a write that fails %s its commit', async (when) => {
    const clock = new VirtualClock()
    const committed: string[] = []
    const spaces = new FaultySpaces({
      clock,
      faults: { writeFails: () => when },
      onCommit: (commit) => committed.push(commit.head),
    })
    const store = spaces.connect().open(SPACE)
    const writes = Promise.allSettled([
      store.append(commitOf(START, { count: 2 })),
      store.writeBehind(behindOf(0, 2, 2)),
    ])
    await settle(clock)
    expect((await writes).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    const { seq, through } = spaces.tables(SPACE).head()
    expect([seq, through]).toEqual(when === 'after' ? [2, 2] : [0, 0])
    expect(committed).toEqual(when === 'after' ? ['head 2 of commit 1'] : [])
  })

  test.for([true, false])(
    'a reviewer that dies before its commit (outlived: %s)',
    async (outlives) => {
      const clock = new VirtualClock()
      const faults = { latencyMs: () => 5, outlives: () => outlives }
      const spaces = new FaultySpaces({ clock, faults })
      const process = new ProcessClock(clock)
      let answers = 0
      void spaces
        .connect(process)
        .open(SPACE)
        .append(commitOf(START))
        .then(() => answers++)
      process.kill()
      await settle(clock)
      expect([answers, spaces.tables(SPACE).head().seq]).toEqual([0, outlives ? 1 : 0])
    },
  )

  test('a reviewer that dies after its commit gets no answer, and the next one finds it', async () => {
    const clock = new VirtualClock()
    const spaces = new FaultySpaces({ clock, faults: { answerMs: () => 5 } })
    const process = new ProcessClock(clock)
    let answers = 0
    void spaces
      .connect(process)
      .open(SPACE)
      .append(commitOf(START))
      .then(() => answers++)
    clock.step()
    process.kill()
    await settle(clock)
    const next = spaces.connect().open(SPACE).head()
    await settle(clock)
    expect([answers, (await next).seq]).toEqual([0, 1])
  })

  test('reads that fail reject, and the store works on', async () => {
    const clock = new VirtualClock()
    let fails = true
    const spaces = new FaultySpaces({ clock, faults: { readFails: () => fails } })
    const store = spaces.connect().open(SPACE)
    const reads = Promise.allSettled([store.head(), store.scan(), store.batches(0, 1 as never)])
    await settle(clock)
    expect((await reads).map(({ status }) => status)).toEqual(Array(3).fill('rejected'))
    fails = false
    const head = store.head()
    await settle(clock)
    expect((await head).seq).toBe(0)
  })
})
