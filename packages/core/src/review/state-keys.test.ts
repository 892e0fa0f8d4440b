/** Keys of rows are found by the keys of the scopes that have them, in both orders of texts. */
import { expect, test } from 'vitest'
import { z } from 'zod'
import { entity } from '../schema/entity.ts'
import { RegisterTable } from '../schema/registers.ts'
import { Entry, Write } from '../history/entry.ts'
import { SeededRandom } from '../testing/seeded-random.ts'
import { isInScope } from '../fold/in-scope.ts'
import type { EntityState } from '../fold/state.ts'
import type { Scope, ScopeValue } from '../wire/scopes.ts'
import { KeyedTypes } from './state-keys.ts'

const ID = '0190a6b2-3c4d-8e5f-8a7b-000000000001'
const Card = entity('card', { board: z.string(), n: z.number() })
  .index('board', ['board'])
  .index('n', ['n'])
const keyed = new KeyedTypes(new Map([['card', Card]]))
const table = new RegisterTable([])
const any = new SeededRandom(5)
const below = (count: number): number => Math.floor(any.unit() * count)
const NUMBERS = [-Infinity, -1e300, -2, -0.5, -0, 0, 1e-300, 1, 2, 1e21].filter(Number.isFinite)
const TEXTS = ['', 'a', 'a\0', 'ab', 'b', '\ud7ff', '\ud7ffz', '\uffff', '😀', 'a😀', 'a\uffff']
const value = (): ScopeValue =>
  [null, true, NUMBERS[below(NUMBERS.length)]!, TEXTS[below(TEXTS.length)]!][below(4)]!

function anyState(): EntityState {
  const entry = new Entry({
    ...{ session: { authorId: ID, sessionId: ID }, clientSeq: 1, timestamp: 0, arrival: 0 },
  })
  const regs = table.set(['board', 'n'])
  const facts = { index: 0, type: 'card', entityId: ID, kind: 'create', version: 1, regs } as const
  return new Write(entry, facts, { board: value(), n: value() })
}

function anyScope(): Scope {
  const reg = below(2) === 0 ? 'board' : 'n'
  if (below(3) === 0) return { type: 'card', equal: [[reg, value()]] }
  const values = below(2) === 0 ? NUMBERS : TEXTS
  const bound = () => ({ value: values[below(values.length)]!, isIn: below(2) === 0 })
  const [from, to] = [bound(), bound()]
  const ends = [
    { from, to },
    { from, to: undefined },
    { from: undefined, to },
  ][below(3)]!
  return { type: 'card', equal: [], range: { reg, ...ends } }
}

const byPoint = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
const byUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

test('VIEW3: the keys of a scope find all rows that are in it, and few others', () => {
  let [within, found] = [0, 0]
  for (let i = 0; i < 20_000; i++) {
    const [state, scope] = [anyState(), anyScope()]
    const { from, to, way } = keyed.ofScope(scope)!
    const keys = keyed.of('card', state, table)!
    expect(keys.way).toBe(way)
    const [byUnits, byPoints] = [byUnit, byPoint].map((compare) =>
      keys.keys.some((key) => compare(key, from) >= 0 && compare(key, to) < 0),
    )
    if (isInScope(state, scope, table)) {
      within++
      expect([scope, keys, byUnits, byPoints]).toEqual([scope, keys, true, true])
    }
    if (byUnits) found++
  }
  expect(within).toBeGreaterThan(1_000)
  expect(found).toBeLessThan(within * 1.3)
})

test('VIEW3: without an index, and of other types, there are none', () => {
  const scope: Scope = { type: 'other', equal: [['board', 'a']] }
  expect(keyed.ofScope(scope)).toBeUndefined()
  expect(keyed.ofScope({ type: 'card', equal: [] })).toBeUndefined()
  expect(keyed.ofScope({ type: 'card', equal: [['title', 'a']] })).toBeUndefined()
  expect(new KeyedTypes(undefined).of('card', anyState(), table)).toBeUndefined()
})
