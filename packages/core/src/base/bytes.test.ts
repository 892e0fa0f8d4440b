/** Compares base64url and hex with those of Node for the same bytes. */
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { fromBase64url, toBase64url, toHex } from './bytes.ts'

// Thousands of cases; allow for a slow machine.
vi.setConfig({ testTimeout: 60_000 })

const bytes = fc.uint8Array({ maxLength: 80 })
const text = fc.string({ unit: 'binary', maxLength: 60 })

test('§2 base64url: written as the platform writes it, and read back', () => {
  fc.assert(
    fc.property(bytes, (given) => {
      expect(toBase64url(given)).toBe(Buffer.from(given).toString('base64url'))
      expect(fromBase64url(toBase64url(given))).toEqual(given)
    }),
  )
})

test('§2 base64url: a text is read only in the one form that is written', () => {
  // A signature or a hash must have one text: two texts would give one message two ids.
  const near = fc.oneof(
    fc.string({ unit: fc.constantFrom(...Array.from('AQgwBZaz09-_+/= é\n')), maxLength: 12 }),
    text,
  )
  fc.assert(
    fc.property(near, (given) => {
      const read = fromBase64url(given)
      if (read !== undefined) expect(toBase64url(read)).toBe(given)
    }),
    { numRuns: 2_000 },
  )
})

test.each(['A', 'AAAAA', 'AB', 'AAB', 'A=', 'AA==', 'A+', 'A/', 'AA\n', 'é', '\u{1f600}'])(
  '§2 base64url: %j is refused',
  (given) => {
    expect(fromBase64url(given)).toBeUndefined()
  },
)

test('§2 base64url: the empty text decodes to no bytes', () => {
  expect(fromBase64url('')).toEqual(new Uint8Array(0))
})

test('§2 hex: as the platform writes it', () => {
  fc.assert(
    fc.property(bytes, (given) => {
      expect(toHex(given)).toBe(Buffer.from(given).toString('hex'))
    }),
  )
})
