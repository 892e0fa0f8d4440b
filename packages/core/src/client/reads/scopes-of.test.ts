/** Which scopes a query asks for: all of its rows are in them, and as few others as can be told. */
import { expect, test } from 'vitest'
import { z } from 'zod'
import { type Entity, entity } from '../../schema/entity.ts'
import { add, map, rename } from '../../schema/lens/steps.ts'
import { counter } from '../../schema/merging-fields.ts'
import { date, optional } from '../../schema/codec.ts'
import { rangeForm } from '../../wire/scope-forms.ts'
import { scopesOf } from './scopes-of.ts'

const base = {
  board: z.string(),
  status: z.string(),
  points: z.number().nullable(),
  done: z.boolean(),
  tags: z.array(z.string()),
  weight: z.number(),
}
const First = entity('issue', {
  ...{ board: base.board, state: z.string(), points: base.points, done: base.done },
  ...{ tags: base.tags, weight: base.weight, level: z.number() },
})
const Issue = First.version(
  2,
  { ...base, level: z.string(), votes: counter(), due: optional(date()), since: z.number() },
  [
    rename('state', 'status'),
    map('level', 'level', [
      [1, 'low'],
      [2, 'high'],
    ]),
    add('votes', 0),
    add('due'),
    add('since', 5),
  ],
).conflicts({ points: (before, [first]) => before ?? first ?? 0 })

const asked = (where: unknown, type: Entity = Issue): unknown =>
  scopesOf({ entity: type, lenses: type.lenses }, { where: where as never }).map(
    ({ equal }) => equal,
  )
const WHOLE = [[]]

test.each<[string, unknown, unknown]>([
  ['nothing', undefined, WHOLE],
  ['an equality', { board: 'a' }, [[['board', 'a']]]],
  ['another form of it', { board: { eq: 'a' } }, [[['board', 'a']]]],
  ['a field of another name before', { status: 's' }, [[['state', 's']]]],
  [
    'several, by register',
    { status: 's', done: true, board: 'a' },
    [
      [
        ['board', 'a'],
        ['done', true],
        ['state', 's'],
      ],
    ],
  ],
  ['a range narrows nothing', { points: { gt: 3 } }, WHOLE],
  ['a range beside an equality', { board: 'a', since: { gt: 3 } }, [[['board', 'a']]]],
  ['a list', { board: { in: ['a', 'b'] } }, [[['board', 'a']], [['board', 'b']]]],
  ['a list beside an equality', { board: { in: ['a', 'b'] }, done: false }, [[['done', false]]]],
  ['one of two', { or: [{ board: 'a' }, { done: true }] }, [[['board', 'a']], [['done', true]]]],
  [
    'one of two, which may be any',
    { or: [{ board: 'a' }, { points: { gt: 3 } }] },
    [[['board', 'a']], []],
  ],
  [
    'one of two beside a range',
    { and: [{ or: [{ board: 'a' }, { board: 'b' }] }, { since: { gt: 1 } }] },
    [[['board', 'a']], [['board', 'b']]],
  ],
  ['no value', { board: undefined }, WHOLE],
  ['a list as a value', { tags: ['x'] }, WHOLE],
  ['a field that other versions store otherwise', { level: 'low' }, WHOLE],
  ['a field with a default', { since: 5 }, WHOLE],
  ['a field that merges', { votes: 3 }, WHOLE],
  ['a field with a codec', { due: new Date(0) }, WHOLE],
  ['a field whose conflicts a function decides', { points: 3 }, WHOLE],
  ['the author', { $author: 'somebody' }, WHOLE],
])('§14 queries: the scope of %s', (_, where, equal) => {
  expect(asked(where)).toEqual(equal)
})

test.each<[string, unknown, unknown]>([
  ['one bound', { weight: { gt: 3 } }, [['weight', [3, 0], 0]]],
  ['two bounds', { weight: { gte: 3, lt: 9 } }, [['weight', [3, 1], [9, 0]]]],
  ['texts', { board: { lte: 'b' } }, [['board', 0, ['b', 1]]]],
  ['the first of two fields', { weight: { gt: 3 }, board: { gt: 'a' } }, [['board', ['a', 0], 0]]],
  [
    'a field that narrows by an equality',
    { board: 'b', weight: { gt: 3 } },
    [['weight', [3, 0], 0]],
  ],
  [
    'each of a list',
    { board: { in: ['a', 'b'] }, weight: { lt: 1 } },
    [
      ['weight', 0, [1, 0]],
      ['weight', 0, [1, 0]],
    ],
  ],
  ['a field whose stored values differ', { since: { gt: 3 } }, [undefined]],
  ['a field with a codec', { due: { gt: new Date(0) } }, [undefined]],
])('§14 queries: the range of %s', (_, where, ranges) => {
  const found = scopesOf({ entity: Issue, lenses: Issue.lenses }, { where: where as never }).map(
    ({ range }) => range && rangeForm.write(range),
  )
  expect(found).toEqual(ranges)
})

test('§14 queries: a query that matches nothing asks for nothing', () => {
  expect(asked({ or: [] })).toEqual([])
})

test('§14 queries: a newer version that is known may store a field otherwise', () => {
  const Newer = First.version(2, { ...base, level: z.number() }, [
    map('state', 'state', [['open', 'todo']]),
    rename('state', 'status'),
  ])
  const older = scopesOf(
    { entity: First, lenses: Newer.lenses },
    { where: { state: 'open' } as never },
  )
  expect(older).toEqual([{ type: 'issue', equal: [] }])
  expect(asked({ state: 'open' }, First)).toEqual([[['state', 'open']]])
})
