/** Guarantees for subscribers and renderers: identity, one call for each message, no leaks. */
import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { entity } from '../schema/entity.ts'
import type { AnyRow } from '../schema/types.ts'
import { IDLE_QUERIES_MAX, QueryEngine } from './engine.ts'
import { fakeRow } from './fake-rows.ts'

const Issue = entity('issue', { status: z.string(), points: z.number(), title: z.string() }).index(
  'board',
  ['status', 'points'],
)

const fail = (error: unknown): never => {
  throw error
}

class Store {
  readonly rows = new Map<string, AnyRow>()
  readonly engine = new QueryEngine(Issue, () => this.rows.values())

  /** Writes without an emit: the message is not applied in full yet. */
  put(id: string, fields: object | undefined): AnyRow | undefined {
    const before = this.rows.get(id)
    const after = fields && fakeRow(id, { ...before, ...fields })
    if (after) this.rows.set(id, after)
    else this.rows.delete(id)
    this.engine.changed(before, after)
    return after
  }

  write(id: string, fields: object | undefined): AnyRow | undefined {
    const row = this.put(id, fields)
    this.engine.emit(fail)
    return row
  }
}

function storeOf(count: number): Store {
  const store = new Store()
  for (let i = 0; i < count; i++) {
    store.write(`row${i}`, { status: 'open', points: i, title: `title ${i % 3}` })
  }
  return store
}

const SERVED = { where: { status: 'open' }, limit: 3 } as const
const FILTERED = { where: { title: 'title 0' }, orderBy: ['-points'], limit: 3 } as const

for (const [name, query] of Object.entries({ 'on an index': SERVED, 'of its own': FILTERED })) {
  test(`C4: one array until something in the window changes, ${name}`, () => {
    const store = storeOf(30)
    const live = store.engine.live(query)
    const first = live.rows()
    expect(first).toHaveLength(3)
    const listener = vi.fn()
    const stop = live.subscribe(listener)
    expect(live.rows()).toBe(first)

    store.write('row14', { title: 'title 1' })
    expect(listener).not.toHaveBeenCalled()
    expect(live.rows()).toBe(first)

    const edited = store.write(first[1]!.id, { note: 1 })
    expect(listener).toHaveBeenCalledTimes(1)
    expect(live.rows()).toEqual([first[0], edited, first[2]])

    // One is removed: the next in order enters the window after a single read.
    const second = live.rows()
    store.write(second[0]!.id, { status: 'done', title: 'gone' })
    expect(listener).toHaveBeenCalledTimes(2)
    expect(live.rows().slice(0, 2)).toEqual(second.slice(1))
    expect(live.rows()).toHaveLength(3)
    expect(live.stats).toEqual({ rows: 3, updates: 2 })
    stop()
    store.write('row20', { title: 'title 0', points: 1_000 })
    expect(listener).toHaveBeenCalledTimes(2)
  })

  test(`C4: equal meanings share one object, idle or open, ${name}`, () => {
    const { engine } = storeOf(9)
    const same = { ...query, where: { and: [query.where] }, archived: 'exclude' } as const
    const live = engine.live(query)
    expect(engine.live(same)).toBe(live)
    const stop = live.subscribe(() => {})
    expect(engine.live(same)).toBe(live)
    stop()
    expect(engine.live(same)).toBe(live)
    expect(engine.live({ ...query, limit: 4 })).not.toBe(live)
  })

  test(`a query without subscribers returns rows, and keeps its array while nothing changes, ${name}`, () => {
    const store = storeOf(9)
    const live = store.engine.live(query)
    const before = live.rows()
    expect(live.rows()).toBe(before)
    store.write('row4', { title: 'title 1', points: 77, status: 'done' })
    expect(live.rows(), 'a change elsewhere makes equal rows').toBe(before)
    store.write(before[0]!.id, { status: 'gone', title: 'gone' })
    expect(live.rows()[0]).toBe(before[1])
    expect(store.engine.stats).toEqual({ open: 0, idle: 1, views: 0 })
  })

  test(`a change between the first read and the subscription is not lost, ${name}`, () => {
    const store = storeOf(9)
    const live = store.engine.live(query)
    const before = live.rows()
    const edited = store.write(before[0]!.id, { note: 1 })
    const stop = live.subscribe(() => {})
    expect(live.rows()[0]).toBe(edited)
    stop()
    const again = store.write(before[0]!.id, { note: 2 })
    expect(live.rows()[0]).toBe(again)
  })

  test(`a query is freed after its last unsubscribe, ${name}`, () => {
    const { engine } = storeOf(9)
    const live = engine.live(query)
    const wider = engine.live({ ...query, limit: 8 })
    const stops = [live.subscribe(() => {}), live.subscribe(() => {}), wider.subscribe(() => {})]
    expect(engine.stats).toEqual({ open: 2, idle: 0, views: 1 })
    for (const stop of stops) stop()
    for (const stop of stops) stop()
    expect(engine.stats).toEqual({ open: 0, idle: 2, views: 0 })
  })
}

test('a notification of an unchanged row keeps the array', () => {
  const store = storeOf(9)
  const live = store.engine.live(SERVED)
  live.subscribe(() => {})
  const before = live.rows()
  store.engine.changed(before[0], before[0])
  store.engine.emit(fail)
  expect(live.rows()).toBe(before)
  store.engine.changed(before[1], undefined)
  store.engine.changed(undefined, before[1])
  store.engine.emit(fail)
  expect(live.rows()).toBe(before)
})

test('a query that was unsubscribed before it was read does not return outdated rows', () => {
  const store = storeOf(9)
  const live = store.engine.live(SERVED)
  const stop = live.subscribe(() => {})
  live.rows()
  const edited = store.write('row0', { note: 1 })
  stop()
  expect(live.rows()[0]).toBe(edited)
})

test('a listener that is notified and does not read is notified of the next message too', () => {
  const store = storeOf(9)
  const live = store.engine.live(SERVED)
  const listener = vi.fn()
  live.subscribe(listener)
  store.write('row0', { note: 1 })
  store.write('row8', { note: 1 })
  store.write('row1', { note: 2 })
  expect(listener).toHaveBeenCalledTimes(2)
})

test('one message with many changes notifies a subscriber once, and a read midway misses nothing', () => {
  const store = storeOf(9)
  const live = store.engine.live(SERVED)
  const listener = vi.fn()
  live.subscribe(listener)
  store.put('row0', { note: 1 })
  const midway = live.rows()
  store.put('row1', { note: 1 })
  store.put('row2', undefined)
  store.engine.emit(fail)
  expect(listener).toHaveBeenCalledTimes(1)
  expect(live.rows()).not.toBe(midway)
  expect(live.rows().map((row) => row.id)).toEqual(['row0', 'row1', 'row3'])
})

test('a throwing listener stops no other; one that unsubscribes during an emit is not called', () => {
  const store = storeOf(3)
  const live = store.engine.live(SERVED)
  const errors: unknown[] = []
  const last = vi.fn()
  live.subscribe(() => {
    throw new Error('mine')
  })
  live.subscribe(() => stopLast())
  const stopLast = live.subscribe(last)
  const same = vi.fn()
  live.subscribe(same)
  live.subscribe(same)
  store.put('row0', { note: 1 })
  store.engine.emit((error) => errors.push(error))
  expect(errors).toEqual([new Error('mine')])
  expect(last).not.toHaveBeenCalled()
  expect(same).toHaveBeenCalledTimes(2)
})

test('a listener may write: everyone ends with the newest rows', () => {
  const store = storeOf(6)
  const served = store.engine.live(SERVED)
  const filtered = store.engine.live(FILTERED)
  const read: (readonly AnyRow[])[] = []
  served.subscribe(() => {
    if (served.rows()[0]!.note !== 2) store.write('row0', { note: 2 })
  })
  filtered.subscribe(() => read.push(filtered.rows()))
  store.write('row0', { note: 1 })
  expect(read.at(-1)!.find((row) => row.id === 'row0')!.note).toBe(2)
  expect(filtered.rows()).toBe(read.at(-1))
})

test('queries without subscribers are cached up to a bound, and work when evicted', () => {
  const store = storeOf(9)
  const first = store.engine.live({ where: { points: 0 } })
  const rows = first.rows()
  for (let i = 1; i <= IDLE_QUERIES_MAX; i++) store.engine.live({ where: { points: i } })
  expect(store.engine.stats.idle).toBe(IDLE_QUERIES_MAX)
  expect(store.engine.live({ where: { points: 0 } })).not.toBe(first)
  expect(first.rows()).toBe(rows)
  const listener = vi.fn()
  first.subscribe(listener)
  store.write('row0', { note: 1 })
  expect(listener).toHaveBeenCalledTimes(1)
  expect(store.engine.live({ where: { points: 0 } })).toBe(first)
})

test('rows that are there before the engine are in its indexes', () => {
  const rows = [
    fakeRow('a', { status: 'open', points: 2 }),
    fakeRow('b', { status: 'open', points: 1 }),
  ]
  const engine = new QueryEngine(Issue, () => rows)
  expect(engine.query(SERVED).map((row) => row.id)).toEqual(['b', 'a'])
})

test('PROTOCOL 14: archived rows come only on request, and leave a live query when they are archived', () => {
  const rows = new Map<string, AnyRow>()
  const engine = new QueryEngine(Issue, () => rows.values())
  const put = (id: string, archived: boolean): void => {
    const before = rows.get(id)
    const after = fakeRow(id, { status: 'open', points: 1 }, { archived })
    rows.set(id, after)
    engine.changed(before, after)
    engine.emit(fail)
  }
  const lists = (['exclude', 'include', 'only'] as const).map((archived) =>
    engine.live({ where: { status: 'open' }, archived }),
  )
  for (const list of lists) list.subscribe(() => {})
  const ids = (): string[] =>
    lists.map((list) =>
      list
        .rows()
        .map((row) => row.id)
        .join(),
    )
  put('a', false)
  put('b', true)
  expect(ids()).toEqual(['a', 'a,b', 'b'])
  put('a', true)
  expect(ids()).toEqual(['', 'a,b', 'a,b'])
  put('b', false)
  expect(ids()).toEqual(['b', 'a,b', 'a'])
})
