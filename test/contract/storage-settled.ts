/**
 * Storage contract: settled segments, which a checkpoint of their rank deletes, and records of `meta`
 * that are deleted.
 */
import { expect, test } from 'vitest'
import {
  keysOf,
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

export function settling(make: () => StorageFixture): void {
  const settled = (key: string, rank: number): { key: string; rank: number } => ({ key, rank })

  test('settled: leaves the outbox, and stays until a checkpoint has its rank', async () => {
    const fixture = make()
    const handle = await open(fixture)
    await handle.write(
      strict({ segments: segmentsOf('a', 'b', 'c'), outboxAdd: ['a', 'b', 'c', 'd'] }),
    )
    await handle.write({ ...run(3, 'tail3'), settled: [settled('a', 3), settled('d', 2)] })
    await handle.write({ ...run(5, 'tail5', 3), settled: [settled('b', 5)] })
    const before = await (await fixture.again().open(noTrouble)).read()
    expect(keysOf(before.segments)).toEqual(['a', 'b', 'c', 'tail3', 'tail5'])
    expect(before.outbox).toEqual(['c'])
    expect(before.settled).toEqual(
      new Map([
        ['a', 3],
        ['b', 5],
        ['d', 2],
      ]),
    )
    expect(await handle.waiting()).toEqual(['c'])
    await handle.write(snapshot(4, 'page'))
    const after = await (await fixture.again().open(noTrouble)).read()
    expect(keysOf(after.segments)).toEqual(['b', 'c', 'tail5'])
    expect(after.outbox).toEqual(['c'])
    expect(after.settled).toEqual(new Map([['b', 5]]))
  })

  test('settled: is deleted at once where a checkpoint of its rank is stored, or in the batch', async () => {
    const handle = await open(make())
    await handle.write(strict({ segments: segmentsOf('a', 'b', 'c'), outboxAdd: ['a', 'b', 'c'] }))
    await handle.write({ ...snapshot(4, 'page'), settled: [settled('a', 4)] })
    await handle.write(strict({ settled: [settled('b', 4), settled('c', 5)] }))
    const { segments, outbox, settled: left } = await handle.read()
    expect(keysOf(segments)).toEqual(['c'])
    expect(outbox).toEqual([])
    expect(left).toEqual(new Map([['c', 5]]))
  })

  test('settled: a checkpoint that is skipped deletes nothing', async () => {
    const handle = await open(make())
    await handle.write(strict({ segments: segmentsOf('a'), settled: [settled('a', 3)] }))
    const built = snapshot(5, 'page')
    await handle.write({ ...built, checkpoint: { ...built.checkpoint!, base: 'another' } })
    expect(keysOf((await handle.read()).segments)).toEqual(['a'])
  })

  test('settled: what waits again is not deleted, and a key that was deleted can be stored again', async () => {
    const handle = await open(make())
    const texts = segmentsOf('a', 'b')
    await handle.write(strict({ segments: texts, settled: [settled('a', 3), settled('b', 3)] }))
    await handle.write(strict({ segments: [segment('a')], outboxAdd: ['a'] }))
    await handle.write(snapshot(4, 'page'))
    expect(keysOf((await handle.read()).segments)).toEqual(['a'])
    await handle.write(strict({ segments: [segment('b')], outboxAdd: ['b'] }))
    const { segments, outbox, settled: left } = await handle.read()
    expect(keysOf(segments)).toEqual(['a', 'b'])
    expect(outbox).toEqual(['a', 'b'])
    expect(left.size).toBe(0)
  })

  test('settled: a key that is taken out of the outbox stays, and is settled no more', async () => {
    const handle = await open(make())
    await handle.write(strict({ segments: segmentsOf('a'), settled: [settled('a', 3)] }))
    await handle.write(strict({ outboxRemove: ['a'] }))
    await handle.write(snapshot(4, 'page'))
    const { segments, settled: left } = await handle.read()
    expect(keysOf(segments)).toEqual(['a'])
    expect(left.size).toBe(0)
  })

  test('settled: a reset deletes them with the tail, and nothing that waits', async () => {
    const handle = await open(make())
    await handle.write(
      strict({
        segments: [...segmentsOf('a', 'b'), segment('rej', 'rejections'), tail('t', 3)],
        outboxAdd: ['b'],
        settled: [settled('a', 9)],
      }),
    )
    await handle.write(strict({ reset: true }))
    const { segments, outbox, settled: left } = await handle.read()
    expect(keysOf(segments)).toEqual(['b', 'rej'])
    expect(outbox).toEqual(['b'])
    expect(left.size).toBe(0)
  })

  test('settled: hundreds are deleted by one checkpoint, and all else is kept', async () => {
    const handle = await open(make())
    const keys = Array.from({ length: 700 }, (_, i) => `own${i}`)
    await handle.write(strict({ segments: segmentsOf(...keys), outboxAdd: keys }))
    const old = keys.slice(0, 600).map((key) => settled(key, 3))
    await handle.write(strict({ settled: [...old, settled('own600', 9)] }))
    await handle.write(snapshot(4, 'page'))
    const { segments, outbox, settled: left } = await handle.read()
    expect(keysOf(segments)).toEqual(keys.slice(600))
    expect(outbox).toEqual(keys.slice(601))
    expect([...left.keys()]).toEqual(['own600'])
  })

  test('meta: keys are removed after others were written, and unknown ones are skipped', async () => {
    const handle = await open(make())
    await handle.write(
      strict({
        meta: [
          ['k', 1],
          ['l', 2],
        ],
      }),
    )
    await handle.write(strict({ meta: [['m', 3]], metaRemove: ['k', 'm', 'never there'] }))
    expect((await handle.read()).meta).toEqual(new Map([['l', 2]]))
    expect(await handle.claim('k', 7)).toBe(7)
  })
}
