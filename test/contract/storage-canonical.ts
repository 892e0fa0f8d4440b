/**
 * Storage contract, what comes from the reviewer: the rule of `advance`, the checkpoint and the
 * tail it replaces, and the new beginning.
 */
import { expect, test } from 'vitest'
import {
  advance,
  checkpoint,
  page,
  readWhole,
  textsOf,
  keysOf,
  mixed,
  noTrouble,
  open,
  run,
  segment,
  segmentsOf,
  snapshot,
  strict,
  tail,
  type StorageFixture,
} from './storage-kit.ts'

export function advancing(make: () => StorageFixture): void {
  test('advance: a greater rank stores the run and the position', async () => {
    const handle = await open(make())
    await handle.write(run(1, 'a'))
    await handle.write(run(5, 'b', 1))
    const state = await readWhole(handle)
    expect(keysOf(state.segments)).toEqual(['a', 'b'])
    expect(state.advance).toEqual({ rank: 5, fromRank: 1, text: 'position 5' })
  })

  test.for([
    { why: 'an old one', rank: 4, fromRank: 3 },
    { why: 'the stored one', rank: 5, fromRank: 3 },
    { why: 'one over a gap', rank: 9, fromRank: 6 },
  ])('advance: $why skips the run, applies the rest', async ({ rank, fromRank }) => {
    const handle = await open(make())
    await handle.write(run(5, 'a'))
    await handle.write({
      ...run(rank, 'unused', fromRank),
      segments: [segment('own'), tail('late', rank), segment('rej', 'rejections')],
      outboxAdd: ['own'],
      meta: [['k', 'v']],
    })
    const state = await readWhole(handle)
    expect(keysOf(state.segments)).toEqual(['a', 'own', 'rej'])
    expect(state.advance).toEqual(advance(5))
    expect(state.outbox).toEqual(['own'])
    expect(state.meta.get('k')).toBe('v')
  })

  test.for([0, 4, 5])('advance: a run from %i continues a stored 5', async (fromRank) => {
    const handle = await open(make())
    await handle.write(run(5, 'a'))
    await handle.write(run(9, 'b', fromRank))
    const state = await readWhole(handle)
    expect(keysOf(state.segments)).toEqual(['a', 'b'])
    expect(state.advance?.rank).toBe(9)
  })

  test('advance: where nothing is stored, only a run from 0 is no gap', async () => {
    const handle = await open(make())
    await handle.write(run(5, 'gap', 1))
    expect((await readWhole(handle)).advance).toBeUndefined()
    await handle.write(run(5, 'a', 0))
    expect(keysOf((await readWhole(handle)).segments)).toEqual(['a'])
  })

  test('advance: a tab that is ahead leaves no gap when another one starts from the beginning', async () => {
    const fixture = make()
    const ahead = await open(fixture)
    const behind = await open(fixture)
    await ahead.write(run(5, 'a'))
    await behind.write({ ...snapshot(3, 'page'), reset: true })
    await ahead.write(run(6, 'gap', 5))
    await behind.write(run(5, 'b', 3))
    await ahead.write(run(7, 'c', 6))
    await behind.write(run(6, 'd', 5))
    await ahead.write(run(8, 'e', 7))
    await behind.write(run(8, 'f', 6))
    await ahead.write(run(9, 'g', 8))
    const state = await readWhole(ahead)
    expect(keysOf(state.segments)).toEqual(['b', 'd', 'f', 'g'])
    expect(state.checkpoint?.rank).toBe(3)
    expect(state.advance?.rank).toBe(9)
  })

  test('advance: with a checkpoint there is no gap', async () => {
    const handle = await open(make())
    await handle.write(run(5, 'a'))
    await handle.write({ ...snapshot(9, 'page'), advance: advance(9, 8) })
    const state = await readWhole(handle)
    expect(state.segments).toEqual([])
    expect(state.checkpoint).toEqual(checkpoint(9, 'page'))
    expect(state.advance?.rank).toBe(9)
  })

  test('advance: a skipped batch also takes keys out of the outbox', async () => {
    const handle = await open(make())
    await handle.write({ ...run(5, 'a'), outboxAdd: ['o', 'p'] })
    await handle.write({ ...run(5, 'a'), outboxRemove: ['o'] })
    expect((await readWhole(handle)).outbox).toEqual(['p'])
  })

  test('advance: a skipped segment resolves to the order of a known key, else to 0', async () => {
    const handle = await open(make())
    const { order } = await handle.write(run(5, 'a'))
    expect(await handle.write(run(5, 'a'))).toMatchObject({ order })
    expect(await handle.write(run(5, 'z'))).toMatchObject({ order: 0 })
    expect(await handle.write(run(9, 'z', 8))).toMatchObject({ order: 0 })
  })

  test('advance: a skipped batch resolves to the order of its own segment, when that is last', async () => {
    const handle = await open(make())
    await handle.write(run(5, 'a'))
    const { order } = await handle.write({
      ...run(5, 'z'),
      segments: [tail('z', 5), segment('own')],
    })
    expect(order).toBeGreaterThan(0)
    expect((await readWhole(handle)).segments.at(-1)).toEqual({ ...segment('own'), order })
  })

  test('advance: batches without one are not held back', async () => {
    const handle = await open(make())
    await handle.write(run(5, 'a'))
    await handle.write(strict({ segments: segmentsOf('own') }))
    await handle.write(strict({ checkpoint: checkpoint(4, 'page') }))
    const state = await readWhole(handle)
    expect(keysOf(state.segments)).toEqual(['a', 'own'])
    expect(textsOf(state.checkpoint)).toEqual(['page'])
    expect(state.advance?.rank).toBe(5)
  })

  test('advance: of tabs that bring the same ranks, each rank is stored once', async () => {
    const fixture = make()
    const tabs = await Promise.all(Array.from({ length: 4 }, () => open(fixture)))
    const ranks = [1, 2, 3, 4, 5, 6]
    await Promise.all(
      tabs.flatMap((tab, index) =>
        ranks.map((rank) => tab.write(run(rank, `${rank} of ${index}`, rank - 1))),
      ),
    )
    const state = await readWhole(tabs[0]!)
    expect(state.segments.map(({ key }) => Number.parseInt(key))).toEqual(ranks)
    expect(state.advance?.rank).toBe(6)
  })
}

export function caches(make: () => StorageFixture): void {
  test('checkpoint: replaces the whole one before it', async () => {
    const handle = await open(make())
    await handle.write(snapshot(3, 'a', 'b', 'c'))
    await handle.write(snapshot(4, 'd'))
    expect((await readWhole(handle)).checkpoint).toEqual(checkpoint(4, 'd'))
    await handle.write(snapshot(5))
    expect((await readWhole(handle)).checkpoint).toEqual(checkpoint(5))
  })

  test('checkpoint: keeps its pages in order', async () => {
    const handle = await open(make())
    const pages = Array.from({ length: 50 }, (_, index) => `page ${index}`)
    await handle.write(snapshot(1, ...pages))
    expect(textsOf((await readWhole(handle)).checkpoint)).toEqual(pages)
  })

  test.for([3, 4])('checkpoint: rank %i on stored 4 is skipped, the rest applies', async (rank) => {
    const handle = await open(make())
    await handle.write(snapshot(4, 'new'))
    await handle.write(run(5, 'a', 4))
    await handle.write(
      strict({
        segments: segmentsOf('own'),
        checkpoint: checkpoint(rank, 'late'),
        outboxAdd: ['own'],
        meta: [['k', 'v']],
      }),
    )
    const state = await readWhole(handle)
    expect(state.checkpoint).toEqual(checkpoint(4, 'new'))
    expect(keysOf(state.segments)).toEqual(['a', 'own'])
    expect(state.outbox).toEqual(['own'])
    expect(state.meta.get('k')).toBe('v')
  })

  test('checkpoint: below the position it is stored, and the tail after it stays', async () => {
    const handle = await open(make())
    await handle.write(run(3, 'a'))
    await handle.write(run(6, 'b', 3))
    // As a tab makes it that has fallen behind while it was at work.
    await handle.write(snapshot(4, 'page'))
    const state = await readWhole(handle)
    expect(state.checkpoint).toEqual(checkpoint(4, 'page'))
    expect(keysOf(state.segments)).toEqual(['b'])
    expect(state.advance).toEqual(advance(6, 3))
  })

  test('checkpoint: beyond the position it is skipped, and drops nothing', async () => {
    const handle = await open(make())
    await handle.write(strict({ checkpoint: checkpoint(1, 'page') }))
    await handle.write(run(5, 'a'))
    await handle.write(strict({ checkpoint: checkpoint(6, 'page') }))
    const state = await readWhole(handle)
    expect(state.checkpoint).toBeUndefined()
    expect(keysOf(state.segments)).toEqual(['a'])
  })

  test('checkpoint: drops tail segments up to its rank, and nothing else', async () => {
    const handle = await open(make())
    for (const rank of [1, 2, 3])
      await handle.write({ ...run(rank, 'unused'), segments: mixed(rank) })
    await handle.write(strict({ checkpoint: checkpoint(2, 'page') }))
    const { segments } = await readWhole(handle)
    expect(keysOf(segments)).toEqual(['own1', 'rej1', 'own2', 'rej2', 'own3', 'tail3', 'rej3'])
  })

  test('checkpoint: the run of another tab stays when it is not contained in it', async () => {
    const fixture = make()
    const one = await open(fixture)
    const other = await open(fixture)
    await one.write(run(3, 'a'))
    await other.write(run(6, 'b', 2))
    // Its order comes after that run, and says nothing.
    await one.write(strict({ segments: segmentsOf('own') }))
    await one.write(snapshot(5, 'page'))
    const state = await readWhole(one)
    expect(keysOf(state.segments)).toEqual(['b', 'own'])
    expect(state.checkpoint?.rank).toBe(5)
    expect(state.advance?.rank).toBe(6)
  })

  test('checkpoint: a tail segment of exactly its rank goes, the next one stays', async () => {
    const handle = await open(make())
    const segments = [tail('a', 1), tail('b', 2)]
    await handle.write({ ...run(2, 'unused'), segments, checkpoint: checkpoint(1, 'page') })
    expect(keysOf((await readWhole(handle)).segments)).toEqual(['b'])
  })

  test('checkpoint: drops a tail of many hundred segments', async () => {
    const handle = await open(make())
    const segments = Array.from({ length: 700 }, (_, index) => tail(`t${index}`, index + 1))
    await handle.write({ ...run(700, 'unused'), segments })
    await handle.write(strict({ checkpoint: checkpoint(699, 'page') }))
    expect(keysOf((await readWhole(handle)).segments)).toEqual(['t699'])
  })

  test('checkpoint: with a base it replaces the pages it brings, adds new ones, keeps the rest', async () => {
    const handle = await open(make())
    await handle.write(snapshot(3, 'a', 'b', 'c'))
    const pages = [page(7, 'new'), page(1, 'b again')]
    const next = { ...checkpoint(4), base: 'at 3', pages }
    expect(await handle.write({ ...run(4, 't', 3), checkpoint: next })).toMatchObject({
      isCheckpointStored: true,
    })
    const { checkpoint: stored, segments } = await readWhole(handle)
    expect(stored).toEqual({
      ...checkpoint(4),
      pages: [page(0, 'a'), page(1, 'b again'), page(2, 'c'), page(7, 'new')],
    })
    expect(segments).toEqual([])
  })

  test('checkpoint: with another base than the stored one it is skipped, and the tail stays', async () => {
    const handle = await open(make())
    for (const before of [undefined, snapshot(3, 'a')]) {
      if (before) await handle.write(before)
      await handle.write(run(4, 't', 0))
      const next = { ...checkpoint(4, 'b'), base: 'at 2' }
      expect(await handle.write(strict({ checkpoint: next }))).toMatchObject({
        isCheckpointStored: false,
      })
    }
    const { checkpoint: stored, segments } = await readWhole(handle)
    expect(stored).toEqual(checkpoint(3, 'a'))
    expect(keysOf(segments)).toEqual(['t'])
  })

  test('checkpoint: of two tabs that continue one base, the second learns that its checkpoint is not stored', async () => {
    const fixture = make()
    const one = await open(fixture)
    const other = await open(fixture)
    await one.write({ ...snapshot(3, 'a', 'b'), advance: advance(9) })
    const written = await Promise.all([
      one.write(strict({ checkpoint: { ...checkpoint(4), base: 'at 3', pages: [page(0, 'x')] } })),
      other.write(
        strict({ checkpoint: { ...checkpoint(5), base: 'at 3', pages: [page(1, 'y')] } }),
      ),
    ])
    expect(written.map(({ isCheckpointStored }) => isCheckpointStored)).toEqual([true, false])
    expect(textsOf((await readWhole(other)).checkpoint)).toEqual(['x', 'b'])
  })

  test('checkpoint: written again under its name it changes nothing, and counts as stored', async () => {
    const handle = await open(make())
    const batch = strict({ checkpoint: checkpoint(1, 'page'), advance: advance(1) })
    for (const isCheckpointStored of [true, true])
      expect(await handle.write(batch)).toMatchObject({ isCheckpointStored })
  })

  test('order: a dropped order is never given again, a dropped key may come again', async () => {
    const fixture = make()
    const first = await open(fixture)
    const { order } = await first.write(run(1, 'a'))
    await first.write(snapshot(2, 'page'))
    await first.close()
    const second = await fixture.again().open(noTrouble)
    expect((await second.write(run(3, 'a'))).order).toBeGreaterThan(order)
    expect(keysOf((await readWhole(second)).segments)).toEqual(['a'])
  })

  test('reset: forgets position, checkpoint and tail, keeps the rest', async () => {
    const handle = await open(make())
    await handle.write({
      ...run(7, 'unused'),
      segments: mixed(7),
      checkpoint: checkpoint(1, 'page'),
      outboxAdd: ['own7'],
      meta: [['k', 'v']],
    })
    expect(keysOf((await readWhole(handle)).segments)).toEqual(['own7', 'tail7', 'rej7'])
    await handle.write(strict({ reset: true }))
    const state = await readWhole(handle)
    expect(state.advance).toBeUndefined()
    expect(state.checkpoint).toBeUndefined()
    expect(keysOf(state.segments)).toEqual(['own7', 'rej7'])
    expect(state.outbox).toEqual(['own7'])
    expect(state.meta).toEqual(new Map([['k', 'v']]))
  })

  test('reset: applies before the rest of its batch, so that a lower rank can follow', async () => {
    const handle = await open(make())
    await handle.write({ ...run(7, 'old'), checkpoint: checkpoint(6, 'old') })
    await handle.write({ ...run(2, 'new'), reset: true, checkpoint: checkpoint(1, 'new') })
    const state = await readWhole(handle)
    expect(state.advance).toEqual(advance(2))
    expect(textsOf(state.checkpoint)).toEqual(['new'])
    expect(keysOf(state.segments)).toEqual(['new'])
  })
}
