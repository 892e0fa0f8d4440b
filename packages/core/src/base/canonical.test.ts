/**
 * Holds canonical JSON against the samples of RFC 8785 and against a second
 * implementation. Two replicas that write one meaning as two texts would disagree about
 * every id, so this is tested harder than its length suggests.
 */
import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { canonical } from './canonical.ts'
import type { Json } from './json.ts'

// Thousands of cases; allow for a slow machine.
vi.setConfig({ testTimeout: 60_000 })

/** Any JSON value: text with every code point but lone surrogates, keys in any order. */
const json = fc.jsonValue({ stringUnit: 'binary', maxDepth: 6 }) as fc.Arbitrary<Json>

function doubleOf(bits: string): number {
  return Buffer.from(bits, 'hex').readDoubleBE()
}

/** The same value with the keys of every object put in the other order. */
function turnedRound(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => turnedRound(item as Json))
  const entries = Object.entries(value as { readonly [key: string]: Json }).reverse()
  return Object.fromEntries(entries.map(([key, item]) => [key, turnedRound(item)]))
}

describe('the samples of RFC 8785', () => {
  test('BYTE2 canonical bytes: literals, numbers, strings and escapes (RFC 8785, 3.2.2)', () => {
    const input = JSON.parse(String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`) as Json
    expect(canonical(input)).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],` +
        String.raw`"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    )
  })

  test('BYTE2 canonical bytes: keys by UTF-16 code units, not by code points (3.2.3)', () => {
    const input = {
      '€': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '😀': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      ö: 'Latin Small Letter O With Diaeresis',
    }
    expect(Object.values(JSON.parse(canonical(input)) as object)[0]).toBe('One')
    const keys = [...canonical(input).matchAll(/"([^"]+)":/g)].map((match) => match[1])
    expect(keys).toEqual(['\\r', '1', '\u0080', 'ö', '€', '😀', '\ufb33'])
  })

  test.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('§2 canonical bytes: the double %s is %s (appendix B)', (bits, text) => {
    expect(canonical(doubleOf(bits))).toBe(text)
  })
})

describe('any value', () => {
  test('§2 canonical bytes: equal to a second implementation', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonical(value)).toBe(canonicalize(value))
      }),
      { numRuns: 2_000 },
    )
  })

  test('§2 canonical bytes: every double is written as the second implementation writes it', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        expect(canonical(number)).toBe(canonicalize(number))
        expect(JSON.parse(canonical(number))).toBe(number === 0 ? 0 : number)
      }),
      { numRuns: 2_000 },
    )
  })

  test('§2 canonical bytes: the order in which keys were written does not matter', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonical(turnedRound(value))).toBe(canonical(value))
      }),
    )
  })

  test('§2 canonical bytes: parsed and written again, the text is the same', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonical(value)
        expect(canonical(JSON.parse(text) as Json)).toBe(text)
      }),
    )
  })

  test('§2 canonical bytes: keys that look like numbers are sorted as text', () => {
    expect(canonical({ 10: 1, 9: 2, a: 3, '01': 4 })).toBe('{"01":4,"10":1,"9":2,"a":3}')
  })

  test('§2 canonical bytes: an own key named __proto__ is a key like any other', () => {
    expect(canonical(JSON.parse('{"a":1,"__proto__":{"b":2}}') as Json)).toBe(
      '{"__proto__":{"b":2},"a":1}',
    )
  })
})
