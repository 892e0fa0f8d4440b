/** The index that a query uses, and its order. */
import { expect, test } from 'vitest'
import { z } from 'zod'
import { entity } from '../schema/entity.ts'
import { PLAIN_ACCESS } from './compare.ts'
import { Request } from './request.ts'

const Issue = entity('issue', {
  status: z.string(),
  ownerId: z.string(),
  points: z.number(),
  title: z.string(),
})
  .index('board', ['status', '-points', '$createdOrderKey'])
  .index('owner', ['ownerId', 'title'])
  .index('titles', ['title'])
  .index('open', ['ownerId', 'status', 'points'])

function planOf(query: object): string {
  const request = new Request(Issue, query, PLAIN_ACCESS)
  const order = request.plan.order.map(({ field, descending }) => (descending ? '-' : '') + field)
  const how = request.isServed ? 'serves' : request.plan.ordered ? 'sorts' : 'narrows'
  const by = request.index === undefined ? 'scan' : `${request.index} ${how}`
  return `${by}; ${order.join() || 'id'}`
}

test.for([
  [
    'equality on a prefix, the rest as order',
    { where: { status: 'a' }, orderBy: ['-points', '$createdOrderKey'] },
    'board serves; -points,$createdOrderKey',
  ],
  [
    'a range on the next field',
    { where: { status: 'a', points: { gt: 1, lt: 9 } }, orderBy: ['-points', '$createdOrderKey'] },
    'board serves; -points,$createdOrderKey',
  ],
  [
    'no order: that of the index',
    { where: { status: 'a' } },
    'board serves; -points,$createdOrderKey',
  ],
  ['no condition, the whole index as order', { orderBy: ['title'] }, 'titles serves; title'],
  [
    'a field that is fixed does not sort',
    { where: { ownerId: 'x' }, orderBy: ['ownerId', 'title', 'ownerId'] },
    'owner serves; title',
  ],
  ['fields fixed to the last: order by id', { where: { title: 'x' } }, 'titles serves; id'],
  [
    'one value of in is an equality',
    { where: { ownerId: { in: ['x'] } }, orderBy: ['title'] },
    'owner serves; title',
  ],
  ['a range on the first field', { where: { title: { gte: 'm' } } }, 'titles serves; title'],
  [
    'the other direction is another order',
    { where: { status: 'a' }, orderBy: ['points', '$createdOrderKey'] },
    'board narrows; points,$createdOrderKey',
  ],
  [
    'ties of a shorter order go by id',
    { where: { status: 'a' }, orderBy: ['-points'] },
    'board narrows; -points',
  ],
  [
    'what an index cannot test is filtered',
    { where: { ownerId: 'x', points: 1 }, orderBy: ['title'] },
    'owner sorts; title',
  ],
  [
    'most equalities win',
    { where: { ownerId: 'x', status: 'a', title: { gt: 'b' } }, orderBy: ['title'] },
    'open narrows; title',
  ],
  [
    'a full answer wins over more equalities',
    { where: { ownerId: 'x', status: 'a' }, orderBy: ['points'] },
    'open serves; points',
  ],
  [
    'an order alone is worth an index',
    { where: { points: 3 }, orderBy: ['title'] },
    'titles sorts; title',
  ],
  ['nothing fits', { where: { points: 3 }, orderBy: ['-title'] }, 'scan; -title'],
  ['nothing asked', {}, 'scan; id'],
  ['several values narrow nothing', { where: { status: { in: ['a', 'b'] } } }, 'scan; id'],
  ['or narrows nothing', { where: { or: [{ status: 'a' }, { status: 'b' }] } }, 'scan; id'],
  [
    'archived rows are in no index; the order stays',
    { where: { status: 'a' }, archived: 'include' },
    'scan; -points,$createdOrderKey',
  ],
] as const)('PROTOCOL 14: %s', ([, query, expected]) => {
  expect(planOf(query)).toBe(expected)
})

test('PROTOCOL 22: a query without order is one with the query that asks for the same order', () => {
  const keyOf = (query: object): string => new Request(Issue, query, PLAIN_ACCESS).key
  const plain = keyOf({ where: { status: 'a' } })
  expect(keyOf({ where: { status: 'a' }, orderBy: ['-points', '$createdOrderKey'] })).toBe(plain)
  expect(keyOf({ where: { status: 'a' }, orderBy: [], archived: 'exclude' })).toBe(plain)
  expect(keyOf({ where: { status: 'a' }, orderBy: ['-points'] })).not.toBe(plain)
  expect(keyOf({ where: { status: 'a' }, limit: 3 })).not.toBe(plain)
  expect(keyOf({ where: { status: 'a' }, archived: 'only' })).not.toBe(plain)
})
