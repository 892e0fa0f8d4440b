/**
 * Checks the validation of values: a value within bounds passes, a fault is named, and no argument
 * makes the validation throw.
 */
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { canonical } from './canonical.ts'
import { type Json, JSON_BOUNDS, frozenJson, isForbiddenKey, jsonEqual, jsonFault } from './json.ts'

// Thousands of cases; allow for a slow machine.
vi.setConfig({ testTimeout: 60_000 })

const json = fc.jsonValue({ stringUnit: 'binary', maxDepth: 5 }) as fc.Arbitrary<Json>

function nested(depth: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = 0
  for (let i = 0; i < depth; i++) value = wrap(value)
  return value
}

function keyed(count: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i]))
}

describe('bounds', () => {
  test('S17 bounds: any small JSON value passes, and survives serialization', () => {
    fc.assert(
      fc.property(json, (value) => {
        fc.pre(!/"(?:__proto__|prototype|constructor)":/.test(canonical(value)))
        expect(jsonFault(value)).toBeUndefined()
        expect(jsonFault(JSON.parse(JSON.stringify(value)))).toBeUndefined()
      }),
    )
  })

  test.each([
    ['objects', (inner: unknown) => ({ a: inner })],
    ['lists', (inner: unknown) => [inner]],
  ])('S17 bounds: %s nest 16 deep and no deeper', (_, wrap) => {
    expect(jsonFault(nested(16, wrap))).toBeUndefined()
    expect(jsonFault(nested(17, wrap))).toMatch(/deeper than 16/)
  })

  test('S17 bounds: 256 keys an object and no more', () => {
    expect(jsonFault(keyed(256))).toBeUndefined()
    expect(jsonFault(keyed(257))).toMatch(/more than 256 keys/)
    expect(jsonFault([{ a: keyed(257) }])).toMatch(/more than 256 keys/)
  })

  test('S17 bounds: 4,096 elements a list and no more', () => {
    expect(jsonFault(Array.from({ length: 4_096 }, () => 0))).toBeUndefined()
    expect(jsonFault(Array.from({ length: 4_097 }, () => 0))).toMatch(/more than 4096 elements/)
  })

  test.each([
    ['one byte', 'a', 65_536],
    ['two bytes', 'é', 32_768],
    ['three bytes', '€', 21_845],
    ['four bytes', '😀', 16_384],
  ])('S17 bounds: 64 KiB of text, counted in UTF-8, for characters of %s', (_, char, most) => {
    expect(jsonFault(char.repeat(most))).toBeUndefined()
    expect(jsonFault(char.repeat(most + 1))).toMatch(/longer than 65536 bytes/)
  })

  test('S17 bounds: narrower bounds count too', () => {
    const bounds = { depthMax: 2, keysMax: 2, stringBytesMax: 8 }
    expect(jsonFault({ a: [1], b: 'x'.repeat(8) }, bounds)).toBeUndefined()
    expect(jsonFault({ a: [[1]] }, bounds)).toMatch(/deeper/)
    expect(jsonFault({ a: 1, b: 2, c: 3 }, bounds)).toMatch(/keys/)
    expect(jsonFault('x'.repeat(9), bounds)).toMatch(/bytes/)
    expect(JSON_BOUNDS).toEqual({ depthMax: 16, keysMax: 256, stringBytesMax: 65_536 })
  })
})

describe('values that are not JSON', () => {
  test.each([
    ['undefined', undefined],
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a bigint', 1n],
    ['a symbol', Symbol('s')],
    ['a function', () => 0],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['bytes', new Uint8Array(2)],
    ['a hole in a list', Array.from({ length: 2 }).fill(undefined)],
    ['a sparse list', Object.assign([], { length: 1 })],
    ['an undefined member', { a: undefined }],
    ['half a surrogate pair', '\ud800'],
    ['the other half', 'a\udc00b'],
    ['half a pair in a key', { '\ud83d': 1 }],
    ['a key __proto__', JSON.parse('{"__proto__":{}}')],
    ['a key prototype', { prototype: 1 }],
    ['a key constructor', [{ a: { constructor: 1 } }]],
  ])('§2 canonical bytes: %s is refused with a sentence', (_, value) => {
    expect(jsonFault(value)).toMatch(/^[a-z].{10,}/)
  })

  test('§20 bounds: just three keys are forbidden', () => {
    for (const key of ['__proto__', 'prototype', 'constructor']) {
      expect(isForbiddenKey(key)).toBe(true)
    }
    for (const key of ['__PROTO__', 'proto', 'toString', 'valueOf', '']) {
      expect(isForbiddenKey(key)).toBe(false)
    }
  })

  test('S17 integrity: the gate returns a result for every input, and never throws', () => {
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    const revoked = Proxy.revocable({}, {})
    revoked.revoke()
    class Odd {
      static readonly name = Symbol('odd') as unknown as string
    }
    const hostile: readonly unknown[] = [
      cycle,
      revoked.proxy,
      new Odd(),
      Object.create({ constructor: null }, {}),
      {
        get a(): never {
          throw new Error('a trap')
        },
      },
      new Proxy(
        {},
        {
          ownKeys() {
            throw new Error('a trap')
          },
        },
      ),
      new Proxy([], {
        get() {
          throw new Error('a trap')
        },
      }),
    ]
    for (const value of hostile) expect(typeof jsonFault(value)).toBe('string')
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), (value) => {
        const fault = jsonFault(value)
        if (fault === undefined) expect(() => canonical(value as Json)).not.toThrow()
      }),
      { numRuns: 2_000 },
    )
  })

  test('S17 bounds: a plain object with many references to itself is refused early', () => {
    // A tree with references to parents, which an app may pass by mistake.
    const parent: { name: string; children: unknown[] } = { name: 'p', children: [] }
    for (let i = 0; i < 200; i++) parent.children.push({ name: `c${i}`, parent })
    expect(jsonFault(parent)).toMatch(/values in one|deeper/)
  })

  test('§2 canonical bytes: the text of a valid value parses to an equal value', () => {
    const anything = fc.anything({ withNullPrototype: true, withSparseArray: true })
    fc.assert(
      fc.property(anything, (value) => {
        if (jsonFault(value) !== undefined) return
        const back = JSON.parse(canonical(value as Json)) as Json
        expect(jsonEqual(back, value as Json)).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('copies and equality', () => {
  test('§3 messages are immutable: a copy is equal, frozen to the bottom, and shares nothing', () => {
    fc.assert(
      fc.property(json, (value) => {
        fc.pre(jsonFault(value) === undefined)
        const copy = frozenJson(value)
        expect(canonical(copy)).toBe(canonical(value))
        const walk = (a: unknown, b: unknown): void => {
          if (typeof a !== 'object' || a === null) return
          expect(a).not.toBe(b)
          expect(Object.isFrozen(a)).toBe(true)
          for (const [key, item] of Object.entries(a)) {
            walk(item, (b as Record<string, unknown>)[key])
          }
        }
        walk(copy, value)
      }),
    )
  })

  test('§9 equal values are agreement: equality is equality of canonical texts', () => {
    // Small values, so that equal pairs are common.
    const small = fc.letrec<{ value: Json }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', maxDepth: 3 },
        fc.constantFrom<Json>(null, true, false, 0, -0, 1, '', 'a', '0'),
        fc.array(tie('value'), { maxLength: 2 }),
        fc.dictionary(fc.constantFrom('a', 'b'), tie('value'), { maxKeys: 2 }),
      ),
    })).value
    let equal = 0
    fc.assert(
      fc.property(small, small, (a, b) => {
        if (jsonEqual(a, b)) equal++
        expect(jsonEqual(a, b)).toBe(canonical(a) === canonical(b))
        expect(jsonEqual(a, b)).toBe(jsonEqual(b, a))
      }),
      { numRuns: 3_000 },
    )
    expect(equal).toBeGreaterThan(20)
  })

  test('§9 equal values are agreement: an absent value equals only an absent one', () => {
    expect(jsonEqual(undefined, undefined)).toBe(true)
    expect(jsonEqual(undefined, null)).toBe(false)
    expect(jsonEqual([], {})).toBe(false)
    expect(jsonEqual({ a: 1 }, JSON.parse('{"__proto__":1}') as Json)).toBe(false)
  })
})
