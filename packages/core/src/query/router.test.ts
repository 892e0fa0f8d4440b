/** The routing of changes: no matching watcher is missed, and few others are found. */
import { expect, test } from 'vitest'
import { z } from 'zod'
import { entity } from '../schema/entity.ts'
import type { AnyRow } from '../schema/types.ts'
import { PLAIN_ACCESS } from './compare.ts'
import { type Filter, readWhere } from './filter.ts'
import { Dice, fakeRow } from './fake-rows.ts'
import { compilePredicate } from './predicate.ts'
import { ADDRESSES_MAX, Router, type Watcher } from './router.ts'

const Issue = entity('issue', { status: z.string(), ownerId: z.any(), points: z.any() })

class FakeWatcher implements Watcher {
  readonly filter: Filter
  foundIn = 0

  constructor(where: object) {
    this.filter = readWhere(Issue, where)
  }
}

function foundBy(router: Router<FakeWatcher>, ...rows: AnyRow[]): FakeWatcher[] {
  const found: FakeWatcher[] = []
  router.start(found)
  for (const row of rows) router.find(row, found)
  return found
}

function someWhere(dice: Dice): object {
  const value = (): unknown => dice.pick([0, 1, 'a', 1n, null, undefined, true, [1], new Date(1)])
  return dice.pick([
    () => ({ status: dice.pick(['open', 'done']), ownerId: value() }),
    () => ({ points: { in: [value(), value()] } }),
    () => ({ or: [{ ownerId: value() }, { points: value(), status: 'open' }] }),
    () => ({ points: { gt: 0 }, ownerId: { in: [value(), value()] } }),
    () => ({ $author: dice.pick(['ann', 'bob']), points: { lt: 1 } }),
    () => ({ points: { gt: 0 } }),
    () => ({ points: { gt: bound(dice), lte: bound(dice) } }),
    () => ({ points: { gte: bound(dice) }, status: { lt: dice.pick(['open', 'p']) } }),
    () => ({
      or: [{ points: { lt: bound(dice) } }, { points: { gte: bound(dice) }, status: 'open' }],
    }),
    () => ({ or: [{ ownerId: value() }, { $author: { gt: 'ann' } }] }),
    () => ({ or: [] }),
    () => ({}),
  ])()
}

function bound(dice: Dice): unknown {
  return dice.pick([-1, 0, 0.5, 1, 2, 'a', 'b', false, new Date(0), new Date(1), 0n, 1n])
}

test('C4c: every watcher that matches a row is found, once', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const dice = new Dice(seed)
    const router = new Router<FakeWatcher>(PLAIN_ACCESS)
    const watchers = Array.from({ length: 40 }, () => new FakeWatcher(someWhere(dice)))
    for (const watcher of watchers) router.add(watcher)
    for (const watcher of watchers.splice(0, 15)) router.remove(watcher)
    for (let i = 0; i < 20; i++) {
      const value = (): unknown =>
        dice.pick([-0, 0.5, 1, 'a', 'b', 1n, null, undefined, true, [1], new Date(1)])
      const fields = { status: dice.pick(['open', 'done']), ownerId: value(), points: value() }
      const row = fakeRow('r', fields, { author: dice.pick(['ann', 'bob']) })
      const found = foundBy(router, row, row)
      expect(new Set(found).size).toBe(found.length)
      const matching = watchers.filter((watcher) => compilePredicate(watcher.filter)(row))
      expect(found).toEqual(expect.arrayContaining(matching))
    }
    for (const watcher of watchers) router.remove(watcher)
    expect(router.size).toBe(0)
    expect(foundBy(router, fakeRow('r', { status: 'open' }))).toEqual([])
  }
})

test('C4c: a hundred watchers of a hundred values: a change finds its own, and a few early ones', () => {
  const router = new Router<FakeWatcher>(PLAIN_ACCESS)
  const watchers = Array.from(
    { length: 100 },
    (_, i) => new FakeWatcher({ ownerId: 'ann', status: `status${i}`, points: { gt: 1 } }),
  )
  for (const watcher of watchers) router.add(watcher)
  const found = foundBy(router, fakeRow('r', { ownerId: 'ann', status: 'status50', points: 5 }))
  expect(found).toContain(watchers[50])
  expect(found.length).toBeLessThanOrEqual(3)
})

test('a watcher with too many values is asked about every change', () => {
  const router = new Router<FakeWatcher>(PLAIN_ACCESS)
  const many = Array.from({ length: ADDRESSES_MAX + 1 }, (_, i) => i)
  const watcher = new FakeWatcher({ points: { in: many } })
  router.add(watcher)
  expect(foundBy(router, fakeRow('r', { points: -1 }))).toEqual([watcher])
})

test('C4c: of a thousand ranges a change asks those that hold the value before or after it', () => {
  for (let seed = 1; seed <= 4; seed++) {
    const dice = new Dice(seed)
    const router = new Router<FakeWatcher>(PLAIN_ACCESS)
    const watchers = Array.from({ length: 1_000 }, (_, i) => {
      const range = { gte: i * 10, lt: i * 10 + dice.pick([1, 10, 25]) }
      return new FakeWatcher({
        points: range,
        status: 'open',
        ...(dice.pick([true, false]) && { ownerId: { gt: 'a' } }),
      })
    })
    for (const watcher of watchers) router.add(watcher)
    for (const watcher of watchers.splice(0, 100 * seed)) router.remove(watcher)
    for (let i = 0; i < 50; i++) {
      const at = dice.pick([-1, 0, 1, 5_000, 5_001, 9_999]) + dice.pick([0, 3, 20, 1_111])
      const rows = [at, at + dice.pick([0, 1, 10, 2_000])].map((points) =>
        fakeRow('r', { status: 'open', ownerId: 'ann', points }),
      )
      const matching = watchers.filter(({ filter }) => rows.some(compilePredicate(filter)))
      const found = foundBy(router, ...rows)
      expect(new Set(found)).toEqual(new Set(matching))
      expect(found.length).toBeLessThanOrEqual(6)
    }
  }
})
