/** Holds tagged hashes against the platform's SHA-256, computed from the definition in SPEC 2. */
import { createHash } from 'node:crypto'
import { sha256 } from '@noble/hashes/sha2.js'
import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { toBase64url } from './bytes.ts'
import {
  type HashTag,
  type LineTag,
  hash,
  hashBytes,
  hashLine,
  hashText,
  isHash,
  setSha256,
} from './hash.ts'
import type { Json } from './json.ts'

// Thousands of cases; allow for a slow machine.
vi.setConfig({ testTimeout: 60_000 })

const json = fc.jsonValue({ stringUnit: 'binary', maxDepth: 3 }) as fc.Arbitrary<Json>
const tags: readonly HashTag[] = [
  'cs/entity',
  'cs/whoami',
  'cs/personal',
  'cs/chain',
  'cs/seal',
  'cs/pos',
  'cs/grant',
  'cs/reject',
  'cs/welcome',
  'cs/bind',
  'cs/accepted',
  'cs/snapshot',
  'cs/settled',
  'cs/nack',
  'cs/live',
  'cs/history',
  'cs/kept',
  'cs/erased',
]
const lineTags: readonly LineTag[] = [
  'cs/session',
  'cs/head',
  'cs/line',
  'cs/first',
  'cs/review',
  'cs/base',
  'cs/page',
  'cs/list',
  'cs/told',
]

function byDefinition(tag: string, value: Json): Buffer {
  return createHash('sha256').update(tag).update('\0').update(canonicalize(value)!).digest()
}

const portable = (text: string): string => toBase64url(sha256(Buffer.from(text, 'utf8')))

afterEach(() => setSha256(portable))

test('BYTE3 H(tag, x): SHA-256 of tag, zero byte and canonical bytes', () => {
  fc.assert(
    fc.property(fc.constantFrom(...tags), json, (tag, value) => {
      const expected = byDefinition(tag, value)
      expect(hash(tag, value)).toBe(expected.toString('base64url'))
      expect(Buffer.from(hashBytes(tag, value)).equals(expected)).toBe(true)
      expect(hashText(tag, canonicalize(value)!)).toBe(expected.toString('base64url'))
    }),
  )
})

test('§2 domain separation: one value, another tag, another hash', () => {
  const hashes = [
    ...tags.map((tag) => hash(tag, ['x'])),
    ...lineTags.map((tag) => hashLine(tag, '["x"]')),
  ]
  expect(new Set(hashes).size).toBe(tags.length + lineTags.length)
})

test('§2 H(tag, x): a faster SHA-256 of the platform gives the same hashes', () => {
  const values: readonly Json[] = [null, 'ü😀', { a: [1, 2] }, 'x'.repeat(10_000)]
  const before = values.map((value) => hash('cs/seal', value))
  let calls = 0
  setSha256((text) => {
    calls++
    return createHash('sha256').update(text).digest('base64url')
  })
  expect(values.map((value) => hash('cs/seal', value))).toEqual(before)
  expect(calls).toBe(values.length)
})

test('BYTE4 hashes: base64url of 32 bytes has one form only', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
      expect(isHash(Buffer.from(bytes).toString('base64url'))).toBe(true)
    }),
  )
  const good = hash('cs/seal', 0)
  for (const bad of [good.slice(1), `${good}A`, `${good.slice(0, 42)}B`, `=${good.slice(1)}`, '']) {
    expect(isHash(bad)).toBe(false)
  }
  for (const bad of [undefined, null, 43, [good], { length: 43 }]) expect(isHash(bad)).toBe(false)
})

test('FACT12 the hash of a line: SHA-256 of tag, line feed and text as it is', () => {
  fc.assert(
    fc.property(fc.constantFrom(...lineTags), fc.string({ unit: 'grapheme' }), (tag, text) => {
      const expected = createHash('sha256').update(`${tag}\n${text}`).digest('base64url')
      expect(hashLine(tag, text)).toBe(expected)
    }),
  )
})
