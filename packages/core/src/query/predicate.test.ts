/** Conditions in edge cases. Random filters: engine.test.ts. */
import { expect, test } from 'vitest'
import { z } from 'zod'
import { entity } from '../schema/entity.ts'
import { eachKey } from '../schema/shape.ts'
import { readWhere } from './filter.ts'
import { fakeRow } from './fake-rows.ts'
import { compilePredicate } from './predicate.ts'

const Thing = entity('thing', eachKey(z.any()))

function matches(where: object, fields: object): boolean {
  return compilePredicate(readWhere(Thing, where))(fakeRow('x', fields))
}

test.for([
  [
    'undefined asks for a missing field',
    { a: undefined },
    [{}],
    [{ a: null }, { a: 0 }, { a: '' }],
  ],
  ['what only a prototype has is missing', { toString: undefined }, [{}], [{ toString: 1 }]],
  ['null is a value, not a missing one', { a: null }, [{ a: null }], [{}, { a: 0 }]],
  ['kinds do not mix', { a: 1 }, [{ a: 1 }], [{ a: '1' }, { a: 1n }, { a: true }, { a: [1] }]],
  [
    'a bound matches its own kind',
    { a: { gte: 1 } },
    [{ a: 1 }, { a: 2.5 }],
    [{ a: 0 }, { a: '2' }, { a: 2n }, { a: null }, {}],
  ],
  [
    'text goes by code unit',
    { a: { gt: 'Z', lt: 'b' } },
    [{ a: 'a' }],
    [{ a: 'Z' }, { a: 'b' }, { a: '\u00e9' }],
  ],
  [
    'moments go by time',
    { a: { lte: new Date(5) } },
    [{ a: new Date(5) }],
    [{ a: new Date(6) }, { a: 4 }],
  ],
  ['zero has no sign', { a: -0 }, [{ a: 0 }, { a: -0 }], [{}]],
  [
    'objects are equal by meaning',
    { a: { x: [1], y: 2 } },
    [{ a: { y: 2, x: [1] } }],
    [{ a: { x: [1] } }, { a: { x: 1, y: 2 } }],
  ],
  ['an operator inside an object value', { a: { eq: { gt: 1 } } }, [{ a: { gt: 1 } }], [{ a: 2 }]],
  [
    'bytes are equal by content',
    { a: new Uint8Array([1, 2]) },
    [{ a: new Uint8Array([1, 2]) }],
    [{ a: [1, 2] }],
  ],
  [
    'a long in looks up',
    { a: { in: [1, '2', 3n, null, true, 6] } },
    [{ a: 3n }, { a: null }, { a: 6 }],
    [{ a: 2 }, {}, { a: false }],
  ],
  [
    'in takes missing and objects',
    { a: { in: [undefined, [1], 1, 2, 3, 4] } },
    [{}, { a: [1] }, { a: 4 }],
    [{ a: null }, { a: [2] }],
  ],
  ['or of nothing', { or: [] }, [], [{}]],
  [
    'conditions beside and and or all hold',
    { a: 1, or: [{ b: 1 }, { c: 1 }], and: [{ d: 1 }] },
    [{ a: 1, c: 1, d: 1 }],
    [
      { a: 1, c: 1 },
      { a: 1, d: 1 },
      { b: 1, d: 1 },
    ],
  ],
] as [string, object, object[], object[]][])('PROTOCOL 22: %s', ([, where, yes, no]) => {
  for (const fields of yes) expect(matches(where, fields)).toBe(true)
  for (const fields of no) expect(matches(where, fields)).toBe(false)
})
