/**
 * Tests the checks of single parts of untrusted texts: valid parts pass, one wrong part is reported
 * as a sentence, and no content makes a check throw. Whole texts: `facts/rules.test.ts`.
 */
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import type { Json } from '../base/json.ts'
import { assignedFault, isCount, isSortedUnique, regFault, valueFault } from './parse.ts'

// Thousands of cases; allow for a slow machine.
vi.setConfig({ testTimeout: 60_000 })

const nested = (depth: number): Json => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as Json
const SENTENCE = /.{10,}/

describe('the key of a register', () => {
  test.each([
    'a',
    'title',
    '$archived',
    'заголовок',
    '😀',
    'a.b',
    'Id',
    'a$',
    'toString',
    'x'.repeat(256),
  ])('MSG2 well formed: %s passes', (reg) => {
    expect(regFault(reg)).toBeUndefined()
  })

  test.each<[string, string]>([
    ['no name', ''],
    ['a name too long', 'x'.repeat(257)],
    ['half of a surrogate pair', 'u\udc00'],
    ['the other half', '\ud800'],
    ['id', 'id'],
    ['a reserved name', '$state'],
    ['a dollar alone', '$'],
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['prototype', 'prototype'],
    ['a NUL', 'a\u0000b'],
  ])('MSG2 malformed: %s is found', (_, reg) => {
    expect(regFault(reg)).toMatch(SENTENCE)
  })
})

describe('the value of a register', () => {
  test.each<[string, string, Json]>([
    ['null', 'title', null],
    ['an unset value', 'title', { $unset: true }],
    ['an unset archive', '$archived', { $unset: true }],
    ['archived', '$archived', true],
    ['not archived', '$archived', false],
    ['a deep dollar key', 'title', { a: { $unset: true } }],
    ['a list with dollars', 'title', [{ $a: 1 }]],
    ['a text at its bound', 'title', 'x'.repeat(65_536)],
    ['a value at its depth', 'title', nested(16)],
    ['a counter', 'n', { $op: ['counter', -3] }],
    ['a set', 'n', { $op: ['set', ['a'], ['b']] }],
    ['operations of an app', 'n', { $op: ['ops', [{ any: 1 }]] }],
  ])('MSG4 well formed: %s passes', (_, reg, value) => {
    expect(valueFault(reg, value)).toBeUndefined()
  })

  test.each<[string, string, Json]>([
    ['archived by a word', '$archived', 'yes'],
    ['archived by null', '$archived', null],
    ['archived by an operation', '$archived', { $op: ['counter', 1] }],
    ['an unset archive with more', '$archived', { $unset: true, a: 1 }],
    ['an unset value with more', 'title', { $unset: true, a: 1 }],
    ['unset by something else', 'title', { $unset: 1 }],
    ['a dollar key', 'title', { a: 1, $b: 2 }],
    ['a forbidden key', 'title', JSON.parse('{"__proto__":1}') as Json],
    ['a forbidden key inside', 'title', [JSON.parse('{"constructor":1}') as Json]],
    ['a value too deep', 'title', nested(17)],
    ['a text too long', 'title', 'x'.repeat(65_537)],
    ['half a pair', 'title', '\ud800'],
    ['not a number', 'title', Number.NaN],
    ['an operation of no kind', 'n', { $op: ['power', 2] }],
    ['an operation with more', 'n', { $op: ['counter', 1], a: 1 }],
    ['a counter by a half', 'n', { $op: ['counter', 0.5] }],
    ['a set that is not sorted', 'n', { $op: ['set', ['b', 'a'], []] }],
    ['an operation that is no list', 'n', { $op: 1 }],
  ])('MSG3, MSG4, OPS1 malformed: %s is found', (_, reg, value) => {
    expect(valueFault(reg, value)).toMatch(SENTENCE)
  })
})

describe('assigned values', () => {
  const shape = { kind: 'create', regs: ['title'] }

  test.each<[string, unknown]>([
    ['one', { number: 1 }],
    ['several', { number: 1, slug: 'x' }],
    ['none', {}],
  ])('§5 well formed: %s passes', (_, assigned) => {
    expect(assignedFault(assigned)).toBeUndefined()
    expect(assignedFault(assigned, shape)).toBeUndefined()
  })

  test('§5 well formed: nothing is assigned to an update', () => {
    expect(assignedFault({}, { ...shape, kind: 'update' })).toBeUndefined()
    expect(assignedFault({ number: 1 }, { ...shape, kind: 'update' })).toMatch(SENTENCE)
  })

  test.each<[string, unknown]>([
    ['no object', 1],
    ['null', null],
    ['a list', [1]],
    ['$archived', { $archived: true }],
    ['a reserved register', { $state: 1 }],
    ['a register named id', { id: 1 }],
    ['an invalid value', { number: { $x: 1 } }],
    ['what the author has written', { title: 'x' }],
    ['too many', Object.fromEntries(Array.from({ length: 4_097 }, (_, i) => [`r${i}`, 1]))],
  ])('§5 malformed: %s is found', (_, assigned) => {
    expect(assignedFault(assigned, shape)).toMatch(SENTENCE)
  })
})

describe('fuzz', () => {
  const text = fc.oneof(
    fc.constantFrom('', 'id', '__proto__', 'constructor', '$archived', '$unset', '$op', 'update'),
    fc.string({ unit: 'binary' }),
    fc.string().map((given) => `${given}\ud800`),
  )
  const value = fc.oneof(
    fc.jsonValue(),
    fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
    fc.dictionary(text, fc.jsonValue()),
    fc.record({ $op: fc.anything() }),
  )
  const isAnswer = (fault: unknown): boolean => fault === undefined || typeof fault === 'string'

  test('S17 integrity: no content makes a check throw', () => {
    fc.assert(
      fc.property(text, value, (reg, given) => {
        expect(isAnswer(regFault(reg))).toBe(true)
        expect(isAnswer(valueFault(reg, given as Json))).toBe(true)
        expect(isAnswer(assignedFault(given))).toBe(true)
        expect(isAnswer(assignedFault({ [reg]: given }))).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })

  test('§3 well formed: every plain value passes in a field', () => {
    const plain = fc.oneof(fc.integer(), fc.string({ unit: 'binary' }), fc.boolean())
    fc.assert(
      fc.property(plain, (given) => {
        expect(valueFault('title', given)).toBeUndefined()
        expect(valueFault('title', [given, { deep: given }])).toBeUndefined()
      }),
    )
  })
})

describe('small checks', () => {
  test('§3 counts: whole numbers from 0 to the safe integers', () => {
    for (const good of [0, 1, Number.MAX_SAFE_INTEGER]) expect(isCount(good)).toBe(true)
    for (const bad of [-1, 0.5, Number.NaN, 2 ** 53, '1', null, undefined, 1n]) {
      expect(isCount(bad)).toBe(false)
    }
    expect(isCount(5, 4)).toBe(false)
  })

  test('§3 lists: sorted by code unit, none twice', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 6 }), (list) => {
        const sorted = [...new Set(list)].sort()
        expect(isSortedUnique(list)).toBe(
          list.join('\0') === sorted.join('\0') && list.length === sorted.length,
        )
        expect(isSortedUnique(sorted)).toBe(true)
      }),
    )
  })
})
