/**
 * Holds the checksum of stored records: it detects every small damage, and its values never change.
 */
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { checksum } from './checksum.ts'

// Thousands of cases; allow for a slow machine.
vi.setConfig({ testTimeout: 60_000 })

const record = fc.string({ unit: 'binary', minLength: 1, maxLength: 200 })

test('§15 records carry a checksum: any one changed character is seen', () => {
  const place = fc.nat()
  const change = fc.integer({ min: 1, max: 0xffff })
  fc.assert(
    fc.property(record, place, change, (text, at, xor) => {
      const i = at % text.length
      const other = String.fromCharCode(text.charCodeAt(i) ^ xor)
      expect(checksum(text.slice(0, i) + other + text.slice(i + 1))).not.toBe(checksum(text))
    }),
    { numRuns: 2_000 },
  )
})

test('§15 records carry a checksum: a torn end is seen, wherever it tears', () => {
  const text = JSON.stringify(Array.from({ length: 200 }, (_, i) => ({ seq: i, value: `v${i}` })))
  const whole = checksum(text)
  for (let end = 0; end < text.length; end++) expect(checksum(text.slice(0, end))).not.toBe(whole)
})

test('§15 records carry a checksum: two neighbours that change places are seen', () => {
  fc.assert(
    fc.property(record, fc.nat(), (text, at) => {
      fc.pre(text.length > 1)
      const i = at % (text.length - 1)
      fc.pre(text[i] !== text[i + 1])
      const swapped = text.slice(0, i) + text[i + 1]! + text[i]! + text.slice(i + 2)
      expect(checksum(swapped)).not.toBe(checksum(text))
    }),
  )
})

test('§15 records carry a checksum: a hundred thousand short records, no two alike', () => {
  const seen = new Set<string>()
  for (let i = 0; i < 100_000; i++) seen.add(checksum(`{"order":${i}}`))
  expect(seen.size).toBe(100_000)
})

test('§15 records carry a checksum: stored ones stay readable, its results never change', () => {
  expect(checksum('')).toMatchInlineSnapshot(`"p4s92mw4n7"`)
  expect(checksum('{"a":1}')).toMatchInlineSnapshot(`"24z3bmw09ja"`)
  expect(checksum('ü😀\u0000')).toMatchInlineSnapshot(`"218lgl6jru"`)
})
