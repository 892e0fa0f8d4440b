/**
 * Storage contract, the facts: segments in the order of the calls, keys, outbox, and that what
 * was given comes back as it was.
 */
import type { Segment, WriteBatch } from '@countersign/core/ports'
import { expect, test } from 'vitest'
import {
  advance,
  checkpoint,
  page,
  readWhole,
  textsOf,
  emptyState,
  expectTrouble,
  keysOf,
  mixed,
  noTrouble,
  open,
  segment,
  segmentsOf,
  snapshot,
  strict,
  type StorageFixture,
} from './storage-kit.ts'

export function ordering(make: () => StorageFixture): void {
  test('fresh: a store without writes is empty', async () => {
    const state = await (await open(make())).read()
    expect(state).toEqual(emptyState)
  })

  test('order: writes apply in the order of the calls, with any durability', async () => {
    const handle = await open(make())
    const keys = Array.from({ length: 40 }, (_, index) => `s${index}`)
    const written = await Promise.all(
      keys.map((key, index) =>
        handle.write({
          durability: index % 3 === 0 ? 'strict' : 'relaxed',
          segments: [segment(key)],
          meta: [['last', key]],
        }),
      ),
    )
    const orders = written.map(({ order }) => order)
    const { segments, meta } = await handle.read()
    expect(keysOf(segments)).toEqual(keys)
    expect(segments.map(({ order }) => order)).toEqual(orders)
    expect(meta.get('last')).toBe('s39')
    expect(orders).toEqual([...orders].sort((a, b) => a - b))
    expect(new Set(orders).size).toBe(orders.length)
    expect(orders[0]).toBeGreaterThan(0)
  })

  test('order: a batch keeps its segments in place, and resolves to the last one', async () => {
    const handle = await open(make())
    const { order } = await handle.write(strict({ segments: segmentsOf('b', 'a', 'c') }))
    const { segments } = await handle.read()
    expect(keysOf(segments)).toEqual(['b', 'a', 'c'])
    expect(segments.at(-1)?.order).toBe(order)
  })

  test('order: a read sees the writes that were called before it', async () => {
    const handle = await open(make())
    const writes = [handle.write(strict({ segments: segmentsOf('a') })), handle.claim('k', 1)]
    const state = await handle.read()
    expect(keysOf(state.segments)).toEqual(['a'])
    expect(state.meta.get('k')).toBe(1)
    await Promise.all(writes)
  })

  test('read: what was read does not change with later writes', async () => {
    const handle = await open(make())
    await handle.write(strict({ segments: segmentsOf('a'), outboxAdd: ['a'], meta: [['k', 1]] }))
    const early = await handle.read()
    await handle.write(
      strict({ segments: segmentsOf('b'), outboxRemove: ['a'], meta: [['k', 2]], reset: true }),
    )
    expect(keysOf(early.segments)).toEqual(['a'])
    expect(early.outbox).toEqual(['a'])
    expect(early.meta).toEqual(new Map([['k', 1]]))
  })

  test('order: is 0 for a batch without segments', async () => {
    const handle = await open(make())
    await handle.write(strict({ segments: segmentsOf('a') }))
    expect(await handle.write(strict({ meta: [['k', 1]] }))).toMatchObject({ order: 0 })
  })

  test('keys: writing a known key again changes nothing', async () => {
    const handle = await open(make())
    const first = await handle.write(strict({ segments: [segment('a', 'own', 'first')] }))
    const second = await handle.write(
      strict({ segments: [segment('b'), segment('a', 'rejections', 'second')], outboxAdd: ['a'] }),
    )
    expect(second).toEqual(first)
    const { segments, outbox } = await handle.read()
    expect(segments.map(({ key, kind, text }) => [key, kind, text])).toEqual([
      ['a', 'own', 'first'],
      ['b', 'own', 'text of b'],
    ])
    expect(outbox).toEqual(['a'])
  })

  test('keys: a key twice in one batch is stored once, and the batch goes on', async () => {
    const handle = await open(make())
    await handle.write(strict({ segments: segmentsOf('a', 'a', 'b'), meta: [['k', 1]] }))
    const { segments, meta } = await handle.read()
    expect(keysOf(segments)).toEqual(['a', 'b'])
    expect(meta.get('k')).toBe(1)
  })

  test('outbox: keys come and go, twice is once, in order of arrival', async () => {
    const handle = await open(make())
    await handle.write(strict({ segments: segmentsOf('c', 'a', 'b'), outboxAdd: ['b', 'c'] }))
    await handle.write(strict({ outboxAdd: ['a', 'c'] }))
    expect((await handle.read()).outbox).toEqual(['c', 'a', 'b'])
    await handle.write(strict({ outboxRemove: ['c', 'never there'] }))
    await handle.write(strict({ outboxRemove: ['c'] }))
    const state = await handle.read()
    expect(state.outbox).toEqual(['a', 'b'])
    expect(keysOf(state.segments)).toEqual(['c', 'a', 'b'])
  })

  test('outbox: what one batch adds and removes is removed', async () => {
    const handle = await open(make())
    await handle.write(strict({ outboxAdd: ['a', 'b'], outboxRemove: ['a'] }))
    expect((await handle.read()).outbox).toEqual(['b'])
  })
}

export function drafts(make: () => StorageFixture): void {
  const draft = (key: string): Segment => segment(key, 'draft')
  const atOnce = (batch: Pick<WriteBatch, 'segments' | 'meta'>): WriteBatch => ({
    durability: 'relaxed',
    atOnce: true,
    ...batch,
  })

  test('drafts: a batch that drops some keeps all else, and does not mind unknown keys', async () => {
    const handle = await open(make())
    await handle.write(atOnce({ segments: [draft('a'), draft('b'), draft('c')] }))
    const drop = ['a', 'c', 'never there']
    await handle.write(strict({ segments: segmentsOf('own'), outboxAdd: ['own'], drop }))
    const { segments, outbox } = await handle.read()
    expect(segments.map(({ key, kind }) => [key, kind])).toEqual([
      ['b', 'draft'],
      ['own', 'own'],
    ])
    expect(outbox).toEqual(['own'])
  })

  test('drafts: nothing but a draft can be dropped', async () => {
    const handle = await open(make())
    await handle.write(strict({ segments: mixed(1) }))
    await handle.write(strict({ drop: keysOf(mixed(1)) }))
    expect(keysOf((await handle.read()).segments)).toEqual(keysOf(mixed(1)))
  })

  test('rewrite: a segment gets another text in its place, or is deleted; unknown keys are skipped', async () => {
    const handle = await open(make())
    await handle.write(strict({ segments: mixed(1), outboxAdd: keysOf(mixed(1)) }))
    const before = (await handle.read()).segments
    const [first, second] = before
    if (!first || !second) throw new Error('segments that were written are read')
    const to = { text: 'without it', check: 'another' }
    await handle.write(
      strict({
        rewrite: [
          { ...first, to },
          { ...second, to: null },
          { key: 'never there', kind: 'own', to },
        ],
      }),
    )
    const { segments, outbox } = await handle.read()
    expect(segments).toEqual([{ ...first, ...to }, ...before.slice(2)])
    expect(outbox).toHaveLength(keysOf(mixed(1)).length)
  })

  test('waiting: names the outbox and the drafts, and nothing else', async () => {
    const handle = await open(make())
    expect(await handle.waiting()).toEqual([])
    await handle.write(atOnce({ segments: [draft('draft:b'), draft('draft:a')] }))
    await handle.write(
      strict({ segments: segmentsOf('draft', 'e', 'draft;'), outboxAdd: ['e', 'draft'] }),
    )
    expect(await handle.waiting()).toEqual(['draft', 'draft:a', 'draft:b', 'e'])
    await handle.write(strict({ drop: ['draft:a'], outboxRemove: ['e'] }))
    expect(await handle.waiting()).toEqual(['draft', 'draft:b'])
    await handle.close()
    await expectTrouble(handle.waiting(), 'closed')
  })

  test('atOnce: is stored while other calls are under way, and before later ones', async () => {
    const fixture = make()
    const handle = await open(fixture)
    const writes = [
      handle.write(strict({ segments: segmentsOf('a'), meta: [['k', 1]] })),
      handle.write(atOnce({ segments: [draft('b')], meta: [['l', 2]] })),
      handle.write(strict({ segments: segmentsOf('c'), drop: ['b'] })),
      handle.write(atOnce({ segments: [draft('d')] })),
    ]
    await Promise.all([...writes, handle.close()])
    const { segments, meta } = await (await fixture.again().open(noTrouble)).read()
    expect(keysOf(segments).toSorted()).toEqual(['a', 'c', 'd'])
    expect(Object.fromEntries(meta)).toEqual({ k: 1, l: 2 })
  })

  test('atOnce: a known key changes nothing, and the rest of the batch is stored', async () => {
    const handle = await open(make())
    const first = await handle.write(atOnce({ segments: [draft('a')] }))
    const again = atOnce({ segments: [segment('a', 'draft', 'other')], meta: [['k', 1]] })
    expect(await handle.write(again)).toEqual(first)
    const { segments, meta } = await handle.read()
    expect(segments.map(({ text }) => text)).toEqual(['text of a'])
    expect(meta.get('k')).toBe(1)
  })

  test('atOnce: after the close it rejects, and stores nothing', async () => {
    const fixture = make()
    const handle = await open(fixture)
    await handle.close()
    await expectTrouble(handle.write(atOnce({ segments: [draft('a')] })), 'closed')
    expect((await (await open(fixture)).read()).segments).toEqual([])
  })
}

export function contents(make: () => StorageFixture): void {
  test('values: a segment comes back as it was given', async () => {
    const handle = await open(make())
    const own: Segment = { key: 'k', kind: 'own', ids: ['x', 'y'], text: 'T', check: 'C' }
    const run: Segment = { ...own, key: 'l', kind: 'tail', rank: 2 ** 52 + 1 }
    const { order } = await handle.write(strict({ segments: [own] }))
    const { order: next } = await handle.write(strict({ segments: [run] }))
    expect((await handle.read()).segments).toStrictEqual([
      { ...own, order },
      { ...run, order: next },
    ])
  })

  test('values: what the caller does later to its lists does not show', async () => {
    const handle = await open(make())
    const ids = ['x']
    const pages = [page(0, 'p')]
    const segments = [{ ...segment('a'), ids }]
    await handle.write({ ...snapshot(1), segments, checkpoint: { ...checkpoint(1), pages } })
    ids.push('y')
    pages.push(page(1, 'q'))
    const state = await readWhole(handle)
    expect(state.segments[0]?.ids).toEqual(['x'])
    expect(textsOf(state.checkpoint)).toEqual(['p'])
  })

  test.for(oddTexts)('values: %j survives as key, id, text, page and name', async (odd) => {
    const fixture = make()
    const handle = await open(fixture)
    const given: Segment = { key: odd, kind: 'own', ids: [odd], text: odd, check: odd }
    await handle.write(
      strict({
        segments: [given],
        outboxAdd: [odd],
        meta: [[odd, odd]],
        advance: { ...advance(1), text: odd },
        checkpoint: { ...checkpoint(1, odd), name: odd, head: odd, check: odd },
      }),
    )
    await handle.close()
    const state = await readWhole(await fixture.again().open(noTrouble))
    expect(state.segments).toMatchObject([given])
    expect(state.outbox).toEqual([odd])
    expect(state.meta).toEqual(new Map([[odd, odd]]))
    expect(state.advance?.text).toBe(odd)
    expect(state.checkpoint).toEqual({ ...checkpoint(1, odd), name: odd, head: odd, check: odd })
  })

  test('values: texts of a million characters, and many segments', async () => {
    const fixture = make()
    const handle = await open(fixture)
    const long = 'ä€😀'.repeat(250_000)
    const many = Array.from({ length: 1500 }, (_, index) => segment(`s${index}`))
    await handle.write(strict({ segments: [segment('long', 'own', long), ...many] }))
    await handle.write(snapshot(1, long, 'short', long))
    const again = await fixture.again().open(noTrouble)
    const { segments, checkpoint: stored } = await readWhole(again)
    expect(keysOf(segments)).toEqual(['long', ...keysOf(many)])
    expect(segments[0]?.text === long).toBe(true)
    expect(textsOf(stored)?.map((text) => text === long || text)).toEqual([true, 'short', true])
  })
}

/** Strings that some layer or other has broken before. */
const oddTexts: readonly string[] = [
  '',
  '__proto__',
  'ä ö 漢字 😀 e\u0301',
  'nul \u0000 inside',
  'lone \ud800 surrogate \udc00',
  '\u2028 line \u2029 paragraph \r\n',
  '{"json": "\\u0000"}',
]
