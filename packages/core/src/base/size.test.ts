/** Compares sizes with those of the platform for the same texts. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Json, jsonBytes } from './json.ts'
import { cutForJson, isLongerThan, jsonStringBytes, utf8Bytes } from './size.ts'

const SCRIPTS = [
  'ascii',
  'é',
  'я',
  '汉',
  '🙂',
  '\ud83d',
  '\ude42',
  '"',
  '\\',
  '\n',
  '\u0001',
  '\u2028',
  '\u007f',
]
const text = fc
  .array(fc.oneof(fc.constantFrom(...SCRIPTS), fc.string({ unit: 'binary', maxLength: 4 })), {
    maxLength: 20,
  })
  .map((pieces) => pieces.join(''))

test('BYTE1 sizes: UTF-8 bytes as the platform counts them, lone halves of pairs included', () => {
  fc.assert(
    fc.property(text, fc.nat(80), (given, max) => {
      const bytes = Buffer.byteLength(given)
      expect(utf8Bytes(given)).toBe(bytes)
      expect(isLongerThan(given, max)).toBe(bytes > max)
    }),
    { numRuns: 1_000 },
  )
})

test('§20 sizes: every code point on a border of UTF-8 is measured right', () => {
  for (const point of [0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff]) {
    const given = `a${String.fromCodePoint(point)}b`
    expect(utf8Bytes(given)).toBe(Buffer.byteLength(given))
  }
})

test('§20 sizes: a value is measured as JSON writes it', () => {
  const numbers = [1e20, 1e21, 1e-6, 1e-7, -0, 5e-324, -1.5, Number.MAX_SAFE_INTEGER, 0.1 + 0.2]
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    text,
    fc.constantFrom(...numbers),
    fc.dictionary(text, fc.oneof(text, fc.constantFrom(...numbers))),
  )
  fc.assert(
    fc.property(value, (given) => {
      expect(jsonBytes(given as Json)).toBe(Buffer.byteLength(JSON.stringify(given)))
    }),
    { numRuns: 1_000 },
  )
})

test('§20 sizes: a text is cut into pieces that fit, and no pair of surrogates is torn', () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 6, max: 40 }), (given, max) => {
      const pieces = cutForJson(given, max)
      expect(pieces.join('')).toBe(given)
      for (const piece of pieces) {
        expect(Buffer.byteLength(JSON.stringify(piece)) - 2).toBeLessThanOrEqual(max)
        expect(jsonStringBytes(piece)).toBe(Buffer.byteLength(JSON.stringify(piece)))
        if (given.isWellFormed()) expect(piece.isWellFormed()).toBe(true)
      }
    }),
    { numRuns: 1_000 },
  )
})
