/**
 * Pages of a query: in a store of the whole space, and in one that follows scopes, where a page is a range
 * whose end the reviewer names. Rows come and go among the pages, and none is shown twice or skipped.
 */
import {
  type LivePages,
  type SyncStore,
  entity,
  followed,
  livePages,
  optional,
} from '@countersign/core'
import { SeededRandom } from '@countersign/core/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { type Line, VirtualScene } from './line.ts'

// Time is virtual, and the machine may be busy.
vi.setConfig({ testTimeout: 60_000 })

const Task = entity('task', {
  board: z.string(),
  title: z.string(),
  n: z.number(),
  due: optional(z.string()),
}).index('board', ['board', 'n'])
const entities = [Task]

type Pages = LivePages<typeof Task>

let scene: VirtualScene

afterEach(() => scene.close())

const outbox = (store: SyncStore): number => store.status.getState().outboxMessages
const isOnline = (store: SyncStore): boolean => store.status.getState().connection === 'online'

async function settled(...stores: readonly SyncStore[]): Promise<void> {
  await scene.until(() => stores.every((store) => isOnline(store) && outbox(store) === 0), 60_000)
  await scene.pass(500)
}

interface Play {
  /** Follows the whole space. */
  readonly ann: SyncStore
  /** Follows the scopes of its queries. */
  readonly bob: SyncStore
  readonly line: Line
}

/** Ann has `count` rows on the board a, as many on b, and Bob has none yet. */
async function play(count: number, options: { readonly limit?: number } = {}): Promise<Play> {
  scene = await VirtualScene.open({ entities })
  const ann = await scene.page(scene.line(), { entities })
  for (let n = 0; n < count; n++)
    for (const board of ['a', 'b']) {
      const due = n % 3 === 0 ? {} : { due: `d${String(n).padStart(3, '0')}` }
      ann.create(Task, { board, title: `${board}${n}`, n: n % (options.limit ?? count), ...due })
    }
  await settled(ann)
  const line = scene.line()
  const bob = await scene.page(line, { entities, scope: followed })
  await scene.until(() => isOnline(bob), 5_000)
  return { ann, bob, line }
}

/** Subscribes, and waits until no page is being fetched. */
async function open(pages: Pages): Promise<() => void> {
  const end = pages.subscribe(() => {})
  await here(pages)
  return end
}

const here = (pages: Pages): Promise<number> =>
  scene.until(() => !pages.snapshot().fetching, 30_000)

async function more(pages: Pages): Promise<void> {
  pages.snapshot().fetchMore()
  await here(pages)
}

const titles = (pages: Pages): readonly string[] => pages.snapshot().rows.map(({ title }) => title)
const numbers = (pages: Pages): readonly number[] => pages.snapshot().rows.map(({ n }) => n)
const upTo = (count: number, board = 'a'): readonly string[] =>
  Array.from({ length: count }, (_, n) => `${board}${n}`)

const ON_A = { where: { board: 'a' }, orderBy: ['n'], pageSize: 10 } as const

describe('a store that follows scopes', () => {
  it('VIEW14: has the rows of the pages that are open, and no others', async () => {
    const { bob, line } = await play(35)
    const pages = livePages(bob, Task, ON_A)
    expect(pages.snapshot()).toMatchObject({ rows: [], complete: false, hasMore: true })
    await open(pages)
    expect(titles(pages)).toEqual(upTo(10))
    expect(pages.snapshot()).toMatchObject({ complete: true, hasMore: true, fetching: false })
    expect(bob.query(Task).rows).toHaveLength(10)
    const before = line.bytes('down')
    pages.snapshot().fetchMore()
    expect(pages.snapshot()).toMatchObject({ fetching: true, complete: true, rows: { length: 10 } })
    pages.snapshot().fetchMore() // a second call while the page is being fetched has no effect
    await here(pages)
    expect(titles(pages)).toEqual(upTo(20))
    // Ten rows, and not those of the first page again.
    expect(line.bytes('down') - before).toBeLessThan(10 * 400)
    await more(pages)
    expect(pages.snapshot()).toMatchObject({ complete: true, hasMore: true, rows: { length: 30 } })
    await more(pages)
    expect(titles(pages)).toEqual(upTo(35))
    expect(pages.snapshot()).toMatchObject({ complete: true, hasMore: false, fetching: false })
    const last = pages.snapshot()
    last.fetchMore()
    expect(pages.snapshot()).toBe(last)
    expect(bob.query(Task, { where: { board: 'b' } }).rows).toEqual([])
  })

  it('VIEW14: a page that ends where the rows end has no more', async () => {
    const { bob } = await play(20)
    const pages = livePages(bob, Task, ON_A)
    await open(pages)
    await more(pages)
    expect(pages.snapshot()).toMatchObject({ hasMore: false, complete: true, rows: { length: 20 } })
  })

  it('§14 pages: rows before the end come, go and move, and none is shown twice or skipped', async () => {
    const { ann, bob } = await play(40)
    const pages = livePages(bob, Task, ON_A)
    await open(pages)
    await more(pages)
    const rowOf = (title: string): string => ann.query(Task, { where: { title } }).rows[0]!.id
    ann.create(Task, { board: 'a', title: 'new', n: 4.5 })
    ann.create(Task, { board: 'a', title: 'beyond', n: 30.5 })
    ann.archive(Task, rowOf('a0'))
    ann.update(Task, rowOf('a1'), { board: 'b' })
    ann.update(Task, rowOf('a2'), { n: 12.5 })
    ann.update(Task, rowOf('a35'), { n: 6.5 })
    await settled(ann)
    const expected = ann.query(Task, { where: { board: 'a', n: { lte: 19 } }, orderBy: ['n'] })
    expect(titles(pages)).toEqual(expected.rows.map(({ title }) => title))
    expect(titles(pages)).toContain('a35')
    expect(pages.snapshot().complete).toBe(true)
    await more(pages)
    await more(pages)
    const all = ann.query(Task, { where: { board: 'a' }, orderBy: ['n'] })
    expect(titles(pages)).toEqual(all.rows.map(({ title }) => title))
    // What is written beyond the end of all pages is in the last one.
    ann.create(Task, { board: 'a', title: 'last', n: 99 })
    await settled(ann)
    expect(titles(pages).at(-1)).toBe('last')
  })

  it('VIEW14: downwards, and within a range of the same field', async () => {
    const { bob } = await play(40)
    const pages = livePages(bob, Task, {
      ...{ where: { board: 'a', n: { lt: 35, gte: 12 } }, orderBy: ['-n'], pageSize: 10 },
    })
    await open(pages)
    expect(numbers(pages)).toEqual([34, 33, 32, 31, 30, 29, 28, 27, 26, 25])
    await more(pages)
    await more(pages)
    expect(numbers(pages)).toHaveLength(23)
    expect(numbers(pages).at(-1)).toBe(12)
    expect(pages.snapshot()).toMatchObject({ hasMore: false, complete: true })
    expect(bob.query(Task).rows).toHaveLength(23)
  })

  it('VIEW14: rows that lack the field come with the last page', async () => {
    const { bob } = await play(30)
    const pages = livePages(bob, Task, {
      ...{ where: { board: 'a' }, orderBy: ['-due', 'n'], pageSize: 12 },
    })
    await open(pages)
    expect(pages.snapshot().rows[0]!.due).toBe('d029')
    await more(pages)
    expect(pages.snapshot()).toMatchObject({ hasMore: false, complete: true, rows: { length: 30 } })
    expect(
      pages
        .snapshot()
        .rows.map(({ due }) => due)
        .slice(20),
    ).toEqual(Array(10).fill(undefined))
    const exact = livePages(bob, Task, { where: { board: 'b' }, orderBy: ['due'], pageSize: 20 })
    await open(exact)
    expect(exact.snapshot()).toMatchObject({ hasMore: true, rows: { length: 20 } })
    await more(exact)
    expect(exact.snapshot()).toMatchObject({ hasMore: false, complete: true, rows: { length: 30 } })
  })

  it('VIEW14: rows of one value come together', async () => {
    const { bob } = await play(30, { limit: 3 })
    const pages = livePages(bob, Task, ON_A)
    await open(pages)
    expect(new Set(numbers(pages))).toEqual(new Set([0]))
    expect(pages.snapshot().rows).toHaveLength(10)
    const wide = livePages(bob, Task, { ...ON_A, pageSize: 11 })
    await open(wide)
    expect(wide.snapshot().rows).toHaveLength(20)
  })

  it('VIEW14: a page whose last value all rows after it have is the last one', async () => {
    const { bob } = await play(30, { limit: 1 })
    const pages = livePages(bob, Task, ON_A)
    await open(pages)
    expect(pages.snapshot()).toMatchObject({ hasMore: false, complete: true, rows: { length: 30 } })
  })

  it('VIEW14: a row that the store of the reviewer has as it was counts once, as it is', async () => {
    const { ann, bob, line } = await play(30)
    await scene.pass(5_000)
    const { rows } = ann.query(Task, { where: { board: 'a' } })
    ann.transact(() => rows.forEach(({ id, n }) => ann.update(Task, id, { n: n + 100 })))
    await scene.until(() => outbox(ann) === 0, 5_000)
    const pages = livePages(bob, Task, ON_A)
    await open(pages)
    const answers = line.sent.filter(({ text }) => text.startsWith('["reach",1,1'))
    expect(answers.map(({ text }) => text)).toEqual(['["reach",1,109]'])
    expect(titles(pages)).toEqual(upTo(10))
  })

  it('§14 pages: what other conditions leave out is made up for by further pages', async () => {
    const { bob } = await play(60)
    const among = ['a3', 'a29', 'a30', 'a50']
    const where = { board: 'a', title: { in: among } }
    const pages = livePages(bob, Task, { where, orderBy: ['n'], pageSize: 2 })
    await open(pages)
    expect(titles(pages)).toEqual(['a3', 'a29'])
    await more(pages)
    await more(pages)
    expect(titles(pages)).toEqual(among)
  })

  it('VIEW14: a query of several scopes is cut at one value in all of them', async () => {
    const { ann, bob, line } = await play(30)
    const query = { where: { board: { in: ['a', 'b'] } }, orderBy: ['n', 'board'] as const }
    const pages = livePages(bob, Task, { ...query, pageSize: 10 })
    await open(pages)
    expect(titles(pages)).toEqual([0, 1, 2, 3, 4].flatMap((n) => [`a${n}`, `b${n}`]))
    await more(pages)
    expect(bob.query(Task).rows).toHaveLength(20)
    line.cut()
    await scene.until(() => isOnline(bob), 5_000)
    ann.update(Task, ann.query(Task, { where: { title: 'b20' } }).rows[0]!.id, { n: 0 })
    await settled(ann)
    expect(titles(pages).slice(0, 3)).toEqual(['a0', 'b0', 'b20'])
    expect(pages.snapshot()).toMatchObject({ complete: true, hasMore: true, rows: { length: 21 } })
  })

  it('§14 pages: a row in conflict is in the pages once, under whichever value is in them', async () => {
    const { ann, bob } = await play(40)
    const pages = livePages(bob, Task, ON_A)
    await open(pages)
    const { id } = ann.query(Task, { where: { title: 'a3' } }).rows[0]!
    bob.setOnline(false)
    bob.update(Task, id, { n: 35 })
    ann.update(Task, id, { n: 36 })
    await settled(ann)
    bob.setOnline(true)
    await settled(bob, ann)
    expect(ann.read(Task, id)!.$conflicts['n']!.candidates).toHaveLength(2)
    expect(titles(pages)).toEqual(upTo(10).filter((title) => title !== 'a3'))
    while (pages.snapshot().hasMore) await more(pages)
    expect(titles(pages).filter((title) => title === 'a3')).toHaveLength(1)
    const expected = ann.query(Task, { where: { board: 'a' }, orderBy: ['n'] }).rows
    expect(new Set(titles(pages))).toEqual(new Set(expected.map(({ title }) => title)))
    bob.resolve(Task, id, { n: 2.5 })
    await settled(bob, ann)
    expect(titles(pages).indexOf('a3')).toBe(3)
  })

  it('§14 pages: an order that no range can cut is one page, and complete', async () => {
    const { bob } = await play(30)
    const pages = livePages(bob, Task, { ...ON_A, orderBy: ['$createdOrderKey'] })
    await open(pages)
    expect(pages.snapshot()).toMatchObject({ hasMore: false, complete: true, rows: { length: 30 } })
  })

  it('§14 pages: are followed for a minute after the last subscriber has left', async () => {
    const { ann, bob } = await play(30)
    const pages = livePages(bob, Task, ON_A)
    const end = await open(pages)
    await more(pages)
    end()
    await scene.pass(59_000)
    expect(livePages(bob, Task, { ...ON_A })).toBe(pages)
    ann.create(Task, { board: 'a', title: 'in time', n: 2.5 })
    await settled(ann)
    expect(titles(pages)).toContain('in time')
    await scene.pass(2_000)
    expect(pages.snapshot()).toMatchObject({ complete: false, rows: { length: 10 } })
    ann.create(Task, { board: 'a', title: 'too late', n: 2.7 })
    await settled(ann)
    expect(titles(pages)).not.toContain('too late')
    await open(pages)
    expect(titles(pages)).toContain('too late')
  })

  it('§14 pages: many pages need few scopes, and stay complete', async () => {
    const { ann, bob, line } = await play(200)
    const pages = livePages(bob, Task, { ...ON_A, pageSize: 2 })
    await open(pages)
    for (let page = 2; page <= 90; page++) await more(pages)
    expect(titles(pages)).toEqual(upTo(180))
    expect(pages.snapshot().complete).toBe(true)
    const scopes = line.sent
      .filter(({ kind }) => kind === 'follow')
      .map(({ text }) => (JSON.parse(text) as [string, number, number, unknown[]])[3].length)
    expect(Math.max(...scopes)).toBeLessThan(70)
    expect(scopes.at(-1)).toBeLessThan(40)
    ann.create(Task, { board: 'a', title: 'early', n: 0.5 })
    await settled(ann)
    expect(titles(pages)[1]).toBe('early')
  })

  it('§14 pages: without a link the rows that are here are paged, and not called complete', async () => {
    const { bob } = await play(30)
    await scene.result(bob.fetch(Task, { where: { board: 'a' } }))
    bob.setOnline(false)
    const pages = livePages(bob, Task, ON_A)
    pages.subscribe(() => {})
    expect(titles(pages)).toEqual(upTo(10))
    pages.snapshot().fetchMore()
    expect(titles(pages)).toEqual(upTo(20))
    expect(pages.snapshot()).toMatchObject({ complete: false, fetching: true, hasMore: true })
    bob.setOnline(true)
    await here(pages)
    expect(titles(pages)).toEqual(upTo(20))
    expect(pages.snapshot().complete).toBe(true)
  })

  it('VIEW14: a question that is lost is asked again, as it was, and over the next link', async () => {
    const { bob, line } = await play(30)
    let lost = 0
    line.loses = (_, text) => text.startsWith('["reach"') && lost++ < 1
    const pages = livePages(bob, Task, ON_A)
    await open(pages)
    expect(titles(pages)).toEqual(upTo(10))
    const [first, again] = line.sent.filter(({ kind }) => kind === 'reach')
    expect(again!.text).toBe(first!.text)
    line.loses = (_, text) => text.startsWith('["reach"')
    pages.snapshot().fetchMore()
    await scene.pass(100)
    line.cut()
    line.loses = () => false
    await here(pages)
    expect(titles(pages)).toEqual(upTo(20))
  })

  it('VIEW14: an answer that is no value after those before makes the rest one page', async () => {
    const { bob, line } = await play(30)
    const pages = livePages(bob, Task, ON_A)
    await open(pages)
    line.loses = (direction, text) => direction === 'down' && text.startsWith('["reach"')
    pages.snapshot().fetchMore()
    await scene.pass(100)
    line.loses = () => false
    line.forge('["reach",2,3]')
    await here(pages)
    expect(pages.snapshot()).toMatchObject({ hasMore: false, complete: true, rows: { length: 30 } })
  })

  it('VIEW14: rows that a person may not read end no page', async () => {
    scene = await VirtualScene.open({
      entities,
      canRead: ({ person }, row) => person?.id === 'ann' || !String(row['title']).startsWith('x'),
      authenticate: (auth) => (auth === undefined ? null : { personalId: auth }),
    })
    const ann = await scene.page(scene.line(), { entities, scope: followed, person: 'ann' })
    for (let n = 0; n < 30; n++) {
      ann.create(Task, { board: 'a', title: `a${n}`, n })
      ann.create(Task, { board: 'a', title: `x${n}`, n: n + 0.25 })
    }
    await settled(ann)
    const line = scene.line()
    const bob = await scene.page(line, { entities, scope: followed, person: 'bob' })
    const pages = livePages(bob, Task, ON_A)
    await open(pages)
    expect(titles(pages)).toEqual(upTo(10))
    const ends = line.sent.filter(({ kind, direction }) => kind === 'reach' && direction === 'down')
    expect(ends.map(({ text }) => text)).toEqual(['["reach",1,9]'])
  })
})

describe('a store of the whole space', () => {
  it('§14 pages: shows as many rows as pages are open, and asks for nothing', async () => {
    const { ann } = await play(25)
    const pages = livePages(ann, Task, ON_A)
    let told = 0
    pages.subscribe(() => told++)
    const first = pages.snapshot()
    expect(first).toMatchObject({ complete: true, hasMore: true, fetching: false, pending: 0 })
    expect(titles(pages)).toEqual(upTo(10))
    first.fetchMore()
    expect(told).toBe(1)
    expect(titles(pages)).toEqual(upTo(20))
    const { id } = ann.create(Task, { board: 'a', title: 'new', n: 0.5 })
    expect(titles(pages)).toEqual(['a0', 'new', ...upTo(19).slice(1)])
    expect(pages.snapshot().pending).toBe(1)
    expect(told).toBe(2)
    ann.update(Task, ann.query(Task, { where: { title: 'a24' } }).rows[0]!.id, { title: 'far' })
    expect(told).toBe(2)
    pages.snapshot().fetchMore()
    expect(pages.snapshot()).toMatchObject({ hasMore: false, rows: { length: 26 } })
    ann.archive(Task, id)
    expect(pages.snapshot().rows).toHaveLength(25)
    expect(pages.snapshot().fetchMore).toBe(first.fetchMore)
  })

  it('§14 pages: a malformed query throws', async () => {
    const { ann } = await play(1)
    for (const pageSize of [0, -1, 1.5, 1_025])
      expect(() => livePages(ann, Task, { pageSize })).toThrow('pageSize is a whole number')
    expect(() => livePages(ann, Task, { limit: 5 } as object)).toThrow('no limit')
    expect(() => livePages(ann, Task, { where: { colour: 'red' } } as object)).toThrow('no such')
  })
})

/** A random number, and the same each time. */
const below = (random: SeededRandom, count: number): number => Math.floor(random.unit() * count)

describe('random writes', () => {
  it.each(Array.from({ length: 10 }, (_, seed) => seed))(
    '§14 pages: complete pages are the first rows of the model, without one twice or one less (seed %i)',
    async (seed) => {
      const random = new SeededRandom(500 + seed)
      const { ann, bob, line } = await play(20 + below(random, 40), { limit: 25 })
      const isDown = below(random, 2) === 0
      const order = isDown ? ('-n' as const) : ('n' as const)
      const query = { where: { board: 'a' }, orderBy: [order, 'title'] as const }
      // She writes nothing, so her store shows what the reviewer has.
      const eve = await scene.page(scene.line(), { entities })
      await settled(eve)
      const truth = new Map<number, readonly string[]>()
      const note = (): void => {
        const { rows, asOf } = eve.query(Task, query)
        truth.set(
          asOf?.seq ?? 0,
          rows.map((row) => JSON.stringify(row)),
        )
      }
      eve.live(Task, query).subscribe(note)
      note()
      const pages = livePages(bob, Task, { ...query, pageSize: 1 + below(random, 9) })
      let checked = 0
      const check = (): void => {
        const { rows, complete, hasMore, asOf } = pages.snapshot()
        const shown = rows.map((row) => JSON.stringify(row))
        expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length)
        const expected = truth.get(asOf?.seq ?? -1)
        if (!complete || !expected) return
        checked++
        expect(shown).toEqual(hasMore ? expected.slice(0, shown.length) : expected)
      }
      pages.subscribe(check)
      if (seed % 2 === 1) line.loses = () => below(random, 15) === 0
      for (let step = 0; step < 60; step++) {
        const { rows } = ann.query(Task)
        const row = rows[below(random, rows.length)]!
        const board = below(random, 3) === 0 ? 'b' : 'a'
        const n = below(random, 25)
        if (below(random, 4) === 0) pages.snapshot().fetchMore()
        const kind = below(random, 6)
        if (kind < 2) ann.create(Task, { board, title: `t${step}`, n })
        else if (kind < 4) ann.update(Task, row.id, { n })
        else if (kind < 5) ann.update(Task, row.id, { board })
        else ann.archive(Task, row.id)
        if (seed % 2 === 1 && below(random, 25) === 0) line.cut()
        await scene.pass(below(random, 200))
      }
      line.loses = () => false
      await settled(ann, bob)
      while (pages.snapshot().hasMore) await more(pages)
      await scene.pass(30_000)
      check()
      expect(checked).toBeGreaterThan(seed % 2 === 1 ? 2 : 10)
      expect(pages.snapshot()).toMatchObject({ complete: true, hasMore: false })
      expect(titles(pages)).toEqual(ann.query(Task, query).rows.map(({ title }) => title))
    },
  )
})
