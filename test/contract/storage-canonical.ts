/**
 * Storage contract, what comes from the reviewer: the rule of `advance`, the checkpoint and the
 * tail it replaces, and the new beginning.
 */
import { expect, test } from 'vitest'
import {
  checkpoint,
  keysOf,
  mixed,
  noTrouble,
  open,
  run,
  segment,
  segmentsOf,
  strict,
  type StorageFixture,
} from './storage-kit.ts'

export function advancing(make: () => StorageFixture): void {
  test('advance: a greater rank stores the run and the position', async () => {
    const handle = await open(make())
    await handle.write(run(1, 'a'))
    await handle.write(run(5, 'b'))
    const { segments, advance } = await handle.read()
    expect(keysOf(segments)).toEqual(['a', 'b'])
    expect(advance).toEqual({ rank: 5, text: 'position 5' })
  })

  test.for([4, 5])('advance: rank %i on stored 5 skips the run, applies the rest', async (rank) => {
    const handle = await open(make())
    await handle.write({ ...run(5, 'a'), checkpoint: checkpoint(0, 'kept') })
    await handle.write({
      ...run(rank, 'late'),
      advance: { rank, text: 'late' },
      checkpoint: checkpoint(Number.MAX_SAFE_INTEGER, 'late'),
      outboxAdd: ['o'],
      meta: [['k', 'v']],
    })
    const state = await handle.read()
    expect(keysOf(state.segments)).toEqual(['a'])
    expect(state.checkpoint?.pages).toEqual(['kept'])
    expect(state.advance).toEqual({ rank: 5, text: 'position 5' })
    expect(state.outbox).toEqual(['o'])
    expect(state.meta.get('k')).toBe('v')
  })

  test('advance: a skipped batch also takes keys out of the outbox', async () => {
    const handle = await open(make())
    await handle.write({ ...run(5, 'a'), outboxAdd: ['o', 'p'] })
    await handle.write({ ...run(5, 'a'), outboxRemove: ['o'] })
    expect((await handle.read()).outbox).toEqual(['p'])
  })

  test('advance: a skipped batch resolves to the order of a known key, else to 0', async () => {
    const handle = await open(make())
    const order = await handle.write(run(5, 'a'))
    expect(await handle.write(run(5, 'a'))).toBe(order)
    expect(await handle.write(run(5, 'z'))).toBe(0)
  })

  test('advance: batches without one are not held back', async () => {
    const handle = await open(make())
    await handle.write(run(5, 'a'))
    await handle.write(strict({ segments: segmentsOf('own') }))
    await handle.write(strict({ checkpoint: checkpoint(0, 'page') }))
    const state = await handle.read()
    expect(keysOf(state.segments)).toEqual(['a', 'own'])
    expect(state.checkpoint?.pages).toEqual(['page'])
    expect(state.advance?.rank).toBe(5)
  })

  test('advance: of tabs that bring the same ranks, each rank is stored once', async () => {
    const fixture = make()
    const tabs = await Promise.all(Array.from({ length: 4 }, () => open(fixture)))
    const ranks = [1, 2, 3, 4, 5, 6]
    await Promise.all(
      tabs.flatMap((tab, index) =>
        ranks.map((rank) => tab.write(run(rank, `${rank} of ${index}`))),
      ),
    )
    const { segments, advance } = await tabs[0]!.read()
    const stored = segments.map(({ key }) => Number.parseInt(key))
    // A tab behind may find a greater rank stored; what is stored only grows.
    expect(stored).toEqual([...new Set(stored)].sort((a, b) => a - b))
    expect(stored.at(-1)).toBe(6)
    expect(advance?.rank).toBe(6)
  })
}

export function caches(make: () => StorageFixture): void {
  test('checkpoint: replaces the whole one before it', async () => {
    const handle = await open(make())
    await handle.write(strict({ checkpoint: checkpoint(3, 'a', 'b', 'c') }))
    await handle.write(strict({ checkpoint: checkpoint(4, 'd') }))
    expect((await handle.read()).checkpoint).toEqual(checkpoint(4, 'd'))
    await handle.write(strict({ checkpoint: checkpoint(5) }))
    expect((await handle.read()).checkpoint).toEqual(checkpoint(5))
  })

  test('checkpoint: keeps its pages in order', async () => {
    const handle = await open(make())
    const pages = Array.from({ length: 50 }, (_, index) => `page ${index}`)
    await handle.write(strict({ checkpoint: checkpoint(0, ...pages) }))
    expect((await handle.read()).checkpoint?.pages).toEqual(pages)
  })

  test('checkpoint: drops tail segments up to its order, and nothing else', async () => {
    const handle = await open(make())
    await handle.write(strict({ segments: mixed('1') }))
    const order = await handle.write(strict({ segments: mixed('2') }))
    await handle.write(strict({ segments: mixed('3') }))
    await handle.write(strict({ checkpoint: checkpoint(order, 'page') }))
    const { segments } = await handle.read()
    expect(keysOf(segments)).toEqual(['own1', 'rej1', 'own2', 'rej2', 'own3', 'tail3', 'rej3'])
  })

  test('checkpoint: a tail segment of exactly its order is dropped, the next one stays', async () => {
    const handle = await open(make())
    const first = await handle.write(run(1, 'a'))
    await handle.write({ ...run(2, 'b'), checkpoint: checkpoint(first, 'page') })
    expect(keysOf((await handle.read()).segments)).toEqual(['b'])
  })

  test('checkpoint: drops a tail of many hundred segments', async () => {
    const handle = await open(make())
    const tail = Array.from({ length: 700 }, (_, index) => segment(`t${index}`, 'tail'))
    const order = await handle.write(strict({ segments: tail }))
    await handle.write(strict({ checkpoint: checkpoint(order, 'page') }))
    expect((await handle.read()).segments).toEqual([])
  })

  test('order: a dropped order is never given again, a dropped key may come again', async () => {
    const fixture = make()
    const first = await open(fixture)
    const order = await first.write(run(1, 'a'))
    await first.write(strict({ checkpoint: checkpoint(order, 'page') }))
    await first.close()
    const second = await fixture.again().open(noTrouble)
    expect(await second.write(run(2, 'a'))).toBeGreaterThan(order)
    expect(keysOf((await second.read()).segments)).toEqual(['a'])
  })

  test('reset: forgets position, checkpoint and tail, keeps the rest', async () => {
    const handle = await open(make())
    await handle.write({
      ...run(7, 'unused'),
      segments: mixed('1'),
      checkpoint: checkpoint(0, 'page'),
      outboxAdd: ['own1'],
      meta: [['k', 'v']],
    })
    await handle.write(strict({ reset: true }))
    const state = await handle.read()
    expect(state.advance).toBeUndefined()
    expect(state.checkpoint).toBeUndefined()
    expect(keysOf(state.segments)).toEqual(['own1', 'rej1'])
    expect(state.outbox).toEqual(['own1'])
    expect(state.meta).toEqual(new Map([['k', 'v']]))
  })

  test('reset: comes before the rest of its batch, so that a lower rank begins anew', async () => {
    const handle = await open(make())
    await handle.write({ ...run(7, 'old'), checkpoint: checkpoint(0, 'old') })
    await handle.write({ ...run(2, 'new'), reset: true, checkpoint: checkpoint(0, 'new') })
    const state = await handle.read()
    expect(state.advance).toEqual({ rank: 2, text: 'position 2' })
    expect(state.checkpoint?.pages).toEqual(['new'])
    expect(keysOf(state.segments)).toEqual(['new'])
  })
}
