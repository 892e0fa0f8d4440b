/** The normal form of `where`: equal meanings have equal keys, and wrong ones are rejected. */
import { expect, test } from 'vitest'
import { z } from 'zod'
import { CountersignError } from '../base/outcome.ts'
import { bigint, bytes, date } from '../schema/codec.ts'
import { entity } from '../schema/entity.ts'
import { eachKey } from '../schema/shape.ts'
import { PLAIN_ACCESS } from './compare.ts'
import { IN_VALUES_MAX, WHERE_DEPTH_MAX, WHERE_TESTS_MAX, readWhere } from './filter.ts'
import { Request } from './request.ts'

const Issue = entity('issue', {
  title: z.string(),
  status: z.string(),
  points: z.number(),
  due: date(),
  size: bigint(),
  data: bytes(),
  labels: z.array(z.string()),
  place: z.object({ x: z.number(), y: z.number() }),
})

const keyOf = (where: unknown): string => readWhere(Issue, where).key

const SAME: readonly (readonly unknown[])[] = [
  [undefined, {}, { and: [] }, { and: [{}, { and: [] }] }, { or: [{}, { title: 'a' }] }],
  [
    { status: 'open', points: 3 },
    { points: 3, status: 'open' },
    { status: { eq: 'open' }, points: { in: [3, 3] } },
    { and: [{ points: 3 }, { and: [{ status: 'open' }, { points: 3 }] }] },
    { or: [{ and: [{ points: 3 }], status: 'open' }] },
  ],
  [{ points: { in: [1, 2] } }, { points: { in: [2, 1, 1] } }],
  [
    { points: { gt: 1, lte: 5 } },
    { points: { lte: 5, gt: 1 } },
    { and: [{ points: { gt: 1 } }, { points: { lte: 5 } }] },
    { and: [{ points: { gt: 1, lte: 9 } }, { points: { gte: 1, lte: 5 } }] },
  ],
  [{ or: [{ points: 1 }, { status: 'a' }] }, { or: [{ status: 'a' }, { or: [{ points: 1 }] }] }],
  [{ place: { x: 1, y: 2 } }, { place: { eq: { y: 2, x: 1 } } }],
  [{ due: new Date(7) }, { due: { eq: new Date(7) } }],
  [{ points: 0 }, { points: -0 }],
  [
    { points: { in: [] } },
    { or: [] },
    { status: 'a', and: [{ or: [] }] },
    { and: [{ points: 1 }, { points: 2 }] },
    { and: [{ points: { gt: 1 } }, { points: { lt: 'z' } }] },
  ],
]

const DIFFERENT: readonly unknown[] = [
  {},
  { or: [] },
  { points: 1 },
  { points: '1' },
  { size: 1n },
  { points: { gte: 1 } },
  { points: { gt: 1 } },
  { points: { lt: 1 } },
  { points: null },
  { points: undefined },
  { status: 'null' },
  { status: 'none' },
  { status: '1","' },
  { due: new Date(1) },
  { data: new Uint8Array([1]) },
  { labels: ['a'] },
  { labels: ['a', 'b'] },
  { labels: { in: ['a', 'b'] } },
  { labels: ['b', 'a'] },
  { title: 'a', status: 'b' },
  { or: [{ title: 'a' }, { status: 'b' }] },
  { title: 'b', status: 'a' },
]

test('PROTOCOL 22: unequal objects with equal meaning are one query', () => {
  for (const group of SAME) {
    const keys = group.map(keyOf)
    expect(new Set(keys).size, keys.join('\n')).toBe(1)
  }
  const keys = [...DIFFERENT.map(keyOf), ...SAME.slice(2, 4).map(([one]) => keyOf(one))]
  expect(new Set(keys).size).toBe(keys.length)
})

const REFUSED: readonly (readonly [unknown, string | undefined])[] = [
  [null, undefined],
  ['title', undefined],
  [[{ title: 'a' }], undefined],
  [{ nothing: 1 }, 'nothing'],
  [{ id: 'x' }, 'id'],
  [{ $heads: 'x' }, '$heads'],
  [{ constructor: 'x' }, 'constructor'],
  [{ and: { title: 'a' } }, 'and'],
  [{ or: [null] }, undefined],
  [{ points: {} }, 'points'],
  [{ points: { gte: 1, below: 2 } }, 'points'],
  [{ points: { gt: null } }, 'points'],
  [{ points: { gt: undefined } }, 'points'],
  [{ points: { lt: [1] } }, 'points'],
  [{ points: { in: 1 } }, 'points'],
  [{ points: Number.NaN }, 'points'],
  [{ points: () => 1 }, 'points'],
  [{ points: Symbol('x') }, 'points'],
  [{ due: new Date(Number.NaN) }, 'due'],
  [{ place: { x: new Map() } }, 'place'],
  [{ place: new Map([['x', 1]]) }, 'place'],
  [{ points: { in: Array.from({ length: IN_VALUES_MAX + 1 }, (_, i) => i) } }, 'points'],
  [{ or: Array.from({ length: WHERE_TESTS_MAX }, (_, i) => ({ points: i })) }, undefined],
  [Array.from({ length: WHERE_DEPTH_MAX }).reduce((inner) => ({ and: [inner] }), {}), undefined],
  [JSON.parse('{"__proto__": 1}'), '__proto__'],
]

test('PROTOCOL 22: an invalid query is rejected with its type, field and reason', () => {
  for (const [where, field] of REFUSED) {
    const read = (): unknown => readWhere(Issue, where)
    expect(read).toThrow(CountersignError)
    expect(read).toThrow(
      expect.objectContaining({
        code: 'invalid',
        entity: 'issue',
        field,
        reason: expect.any(String),
      }),
    )
  }
  const wrong = [
    null,
    [],
    { order: ['title'] },
    { limit: -1 },
    { limit: 1.5 },
    { limit: '5' },
    { limit: Infinity },
    { archived: true },
    { orderBy: 'title' },
    { orderBy: ['nothing'] },
    { orderBy: ['--title'] },
    { orderBy: [1] },
    // oxlint-disable-next-line no-sparse-arrays -- what an app can hand in by accident
    { orderBy: [, 'title'] },
    { orderBy: Array.from({ length: 17 }, () => 'title') },
  ]
  for (const query of wrong) {
    const read = (): unknown => new Request(Issue, query as never, PLAIN_ACCESS)
    expect(read, JSON.stringify(query)).toThrow(expect.objectContaining({ code: 'invalid' }))
  }
})

test('a filter shares no objects with its input', () => {
  const where = { due: new Date(7), place: { x: 1, y: 2 }, points: { in: [1, 2] } }
  const filter = readWhere(Issue, where)
  const before = JSON.stringify(filter)
  where.due.setTime(9)
  where.place.x = 9
  where.points.in.push(3)
  expect(JSON.stringify(filter)).toBe(before)
  expect(keyOf(where)).not.toBe(filter.key)
})

test('a type without a fixed list of fields takes any name that a field can have', () => {
  const Settings = entity('settings', eachKey(z.any()))
  expect(readWhere(Settings, { whatever: 1, $author: 'ann' }).op).toBe('and')
  expect(() => readWhere(Settings, { id: 1 })).toThrow(CountersignError)
})
