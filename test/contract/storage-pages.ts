/** Storage contract, the pages of a checkpoint: the order of a reading, and the keys of each page. */
import type { Page, PageKeys, StorageHandle } from '@countersign/core/ports'
import { expect, test } from 'vitest'
import {
  advance,
  checkpoint,
  open,
  page,
  readWhole,
  run,
  snapshot,
  strict,
  type StorageFixture,
} from './storage-kit.ts'

const keyed = (no: number, text: string): Page => ({
  ...page(no, text),
  keys: { text: `keys of ${text}`, check: `check of the keys of ${text}` },
})

/** Reads the pages of these numbers, in turn. */
async function read(handle: StorageHandle, name: string, ...turns: readonly (readonly number[])[]) {
  const taken: (readonly number[])[] = []
  let began: { numbers: readonly number[]; keys: ReadonlyMap<number, PageKeys> } | undefined
  const left = [...turns]
  const isStored = await handle.pages(name, {
    begin: (stored) => (began = stored),
    next: () => left.shift() ?? [],
    take: (pages) => taken.push(pages.map(({ no }) => no)),
  })
  return { isStored, began, taken: taken.flat() }
}

export function pages(make: () => StorageFixture): void {
  test('pages: come in the order that the reader asks for, those that are stored', async () => {
    const handle = await open(make())
    await handle.write(snapshot(1, 'a', 'b', 'c', 'd', 'e'))
    const { isStored, began, taken } = await read(handle, 'at 1', [3], [0, 1, 9], [4])
    expect(isStored).toBe(true)
    expect(began!.numbers).toEqual([0, 1, 2, 3, 4])
    expect(taken).toEqual([3, 0, 1, 4])
  })

  test('pages: none of another checkpoint than the stored one', async () => {
    const handle = await open(make())
    expect(await read(handle, 'at 1', [0])).toMatchObject({ isStored: false, taken: [] })
    await handle.write(snapshot(1, 'a'))
    await handle.write(snapshot(2, 'b'))
    const { isStored, began } = await read(handle, 'at 1', [0])
    expect([isStored, began]).toEqual([false, undefined])
  })

  test('pages: keys are stored, replaced and deleted with their page', async () => {
    const handle = await open(make())
    const first = { ...checkpoint(1), pages: [keyed(0, 'a'), keyed(1, 'b'), page(2, 'c')] }
    await handle.write(strict({ checkpoint: first, advance: advance(1) }))
    expect((await readWhole(handle)).checkpoint?.pages).toEqual(first.pages)
    const next = { ...checkpoint(2), base: 'at 1', pages: [page(0, 'x'), keyed(2, 'z')] }
    await handle.write({ ...run(2, 't', 1), checkpoint: next })
    expect((await readWhole(handle)).checkpoint?.pages).toEqual([
      page(0, 'x'),
      keyed(1, 'b'),
      keyed(2, 'z'),
    ])
    await handle.write(snapshot(3, 'only'))
    expect((await readWhole(handle)).checkpoint?.pages).toEqual([page(0, 'only')])
    await handle.write(strict({ reset: true }))
    await handle.write(snapshot(1, 'again'))
    expect((await readWhole(handle)).checkpoint?.pages).toEqual([page(0, 'again')])
  })

  test('pages: a checkpoint that is written meanwhile does not mix with those being read', async () => {
    const fixture = make()
    const handle = await open(fixture)
    const other = await open(fixture)
    await handle.write(snapshot(1, 'a', 'b'))
    const texts: string[] = []
    const left: (readonly number[])[] = [[0], [1]]
    let writing: Promise<unknown> | undefined
    await handle.pages('at 1', {
      begin: () => {},
      next: () => left.shift() ?? [],
      take(read) {
        texts.push(...read.map(({ text }) => text))
        writing ??= other.write(snapshot(2, 'x', 'y'))
      },
    })
    await writing
    expect(texts).toEqual(['a', 'b'])
  })
}
