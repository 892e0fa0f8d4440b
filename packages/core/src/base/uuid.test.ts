/** Holds uuids to their form, and an id made from a hash to the bits of that hash. */
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { compareText, isUuid, uuid8 } from './uuid.ts'
import { uuid4 } from './uuid4.ts'

// Thousands of cases; allow for a slow machine.
vi.setConfig({ testTimeout: 60_000 })

const hashBytes = fc.uint8Array({ minLength: 32, maxLength: 32 })
const hexOf = (id: string): string => id.replaceAll('-', '')

test('BYTE6 uuid8: the first 16 bytes of the hash, version and variant written over them', () => {
  fc.assert(
    fc.property(hashBytes, (hash) => {
      const id = uuid8(hash)
      expect(isUuid(id)).toBe(true)
      const bytes = Buffer.from(hexOf(id), 'hex')
      const mask = Buffer.alloc(16, 0xff)
      mask[6] = 0x0f
      mask[8] = 0x3f
      for (const [i, bits] of mask.entries()) expect(bytes[i]! & bits).toBe(hash[i]! & bits)
      expect(id[14]).toBe('8')
      expect('89ab').toContain(id[19])
    }),
  )
})

test('§2 uuid8: 122 bits of the hash are in the id, and no other bit is', () => {
  const zero = uuid8(new Uint8Array(32))
  let matter = 0
  for (let bit = 0; bit < 256; bit++) {
    const hash = new Uint8Array(32)
    hash[bit >> 3] = 1 << (bit & 7)
    if (uuid8(hash) !== zero) matter++
  }
  expect(matter).toBe(122)
})

test('§2 uuid8: the hash it is made from is left as it was', () => {
  // A Buffer, too: a platform's SHA-256 may return one, and its slice is a view.
  for (const hash of [new Uint8Array(32).fill(0xff), Buffer.alloc(32, 0xff)]) {
    uuid8(hash)
    expect([...hash]).toEqual(Array.from({ length: 32 }, () => 0xff))
  }
})

test('ID2 sessions: a uuid4 has the form of version 4 and 122 of the random bits', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (random) => {
      const id = uuid4(random)
      expect(isUuid(id)).toBe(true)
      expect(id[14]).toBe('4')
      expect(id.slice(0, 8)).toBe(Buffer.from(random).toString('hex').slice(0, 8))
    }),
  )
})

const good = '0190a6b2-3c4d-8e5f-8a7b-9c0d1e2f3a4b'

test('BYTE5 uuids: only the lower-case text form is one', () => {
  expect(isUuid(good)).toBe(true)
  const bad: readonly unknown[] = [
    good.toUpperCase(),
    good.replaceAll('-', ''),
    `${good}\n`,
    ` ${good}`,
    `${good}0`,
    good.slice(1),
    good.replace('-8e5f', '-0e5f'),
    good.replace('-8e5f', '-9e5f'),
    good.replace('-8a7b', '-7a7b'),
    good.replace('-8a7b', '-ca7b'),
    good.replace('0190', '019g'),
    '',
    undefined,
    null,
    0,
    [good],
    { toString: () => good, length: 36 },
  ]
  for (const value of bad) expect(isUuid(value), String(value)).toBe(false)
})

test('§4 canonical order: text compares by code unit', () => {
  expect(['ö', 'z', '\u{1f600}', '\ufb33', 'a', 'Z', 'a'].sort(compareText)).toEqual([
    'Z',
    'a',
    'a',
    'z',
    'ö',
    '\u{1f600}',
    '\ufb33',
  ])
})
