/** Holds the SHA-256 of this library against Node's, at every length around its blocks. */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { sha256 } from './sha256.ts'

// Thousands of cases; allow for a slow machine.
vi.setConfig({ testTimeout: 60_000 })

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const byNode = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

test('§2 SHA-256: the example of FIPS 180-4', () => {
  expect(hex(sha256(Buffer.from('abc')))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
})

test('§2 SHA-256: the digest of Node, for every length of five blocks', () => {
  for (let count = 0; count <= 320; count++) {
    const bytes = Uint8Array.from({ length: count }, (_, i) => i * 7 + count)
    expect(hex(sha256(bytes)), `${count} bytes`).toBe(byNode(bytes))
  }
})

test('§2 SHA-256: the digest of Node, for any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
      expect(hex(sha256(bytes))).toBe(byNode(bytes))
    }),
  )
})

test('§2 SHA-256: a digest stays as it is when another is made', () => {
  const first = sha256(Buffer.from('a'))
  sha256(Buffer.from('b'))
  expect(hex(first)).toBe(byNode(Buffer.from('a')))
})
