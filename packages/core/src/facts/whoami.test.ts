/** Holds the ids that are hashes to their definitions, and the ids of entities to the bits of their tag. */
import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { hash, hashBytes } from '../base/hash.ts'
import { isUuid, uuid8 } from '../base/uuid.ts'
import { EntityIds, grantBytes, personalCommit, whoamiId } from './whoami.ts'

// Thousands of cases; allow for a slow machine.
vi.setConfig({ testTimeout: 60_000 })

const uuid = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(uuid8)

/** H(tag, x) by the definition, without core's hash and core's canonical text. */
function byDefinition(tag: string, value: unknown): Buffer {
  const text = canonicalize(value)!
  return createHash('sha256').update(`${tag}\0`).update(text).digest()
}

describe('ids of people', () => {
  test('§5 whoami, commitment and grant: hashes of their definitions', () => {
    const [space, authorId, sessionId] = ['s', 'a', 'i']
    const plain = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
    expect(whoamiId('key')).toBe(uuid8(byDefinition('cs/whoami', 'key')))
    expect(personalCommit(space, 'p', 'salt')).toBe(
      byDefinition('cs/personal', [space, 'p', 'salt']).toString('base64url'),
    )
    expect(plain(grantBytes(space, authorId, { sessionId, commit: 'c' }))).toBe(
      byDefinition('cs/grant', [space, authorId, sessionId, 'c']).toString('hex'),
    )
  })
})

describe('ids of entities', () => {
  const COUNTER_BITS = 42n

  /** The 122 bits of a uuid that are neither version nor variant. */
  function freeBits(id: string): bigint {
    const all = BigInt(`0x${id.replaceAll('-', '')}`)
    const beforeVersion = all >> 80n
    const beforeVariant = (all >> 64n) & 0xfffn
    const rest = all & ((1n << 62n) - 1n)
    return (beforeVersion << 74n) | (beforeVariant << 62n) | rest
  }

  function idOf(bits: bigint): string {
    const beforeVersion = bits >> 74n
    const beforeVariant = (bits >> 62n) & 0xfffn
    const rest = bits & ((1n << 62n) - 1n)
    const all = (beforeVersion << 80n) | (8n << 76n) | (beforeVariant << 64n) | (2n << 62n) | rest
    const hex = all.toString(16).padStart(32, '0')
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  }

  test('ID3 entityId: 80 bits of H(cs/entity, [space, author, session]), then the counter', () => {
    fc.assert(
      fc.property(uuid, uuid, uuid, (space, author, session) => {
        const ids = new EntityIds(space, author, session)
        const tag = hashBytes('cs/entity', [space, author, session]).subarray(0, 10)
        const tagBits = BigInt(`0x${Buffer.from(tag).toString('hex')}`)
        for (let n = 0n; n < 3n; n++) {
          const id = ids.next()
          expect(isUuid(id)).toBe(true)
          expect(id[14]).toBe('8')
          expect(freeBits(id)).toBe((tagBits << COUNTER_BITS) | n)
          expect(idOf(freeBits(id))).toBe(id)
        }
      }),
    )
  })

  test('§2 entityId: a receiver knows every id of a session, to the last of its counter', () => {
    fc.assert(
      fc.property(uuid, fc.bigInt({ min: 0n, max: (1n << COUNTER_BITS) - 1n }), (space, n) => {
        const ids = new EntityIds(space, space, space)
        const first = freeBits(ids.next())
        expect(ids.minted(idOf(first | n))).toBe(true)
        expect(ids.minted(idOf(first | ((1n << COUNTER_BITS) - 1n)))).toBe(true)
      }),
    )
  })

  test('§2 entityId: all 80 bits of the tag matter, and nothing but the counter is free', () => {
    fc.assert(
      fc.property(uuid, uuid, uuid, (space, author, session) => {
        const ids = new EntityIds(space, author, session)
        const bits = freeBits(ids.next())
        for (let bit = 0n; bit < 122n; bit++) {
          expect(ids.minted(idOf(bits ^ (1n << bit)))).toBe(bit < COUNTER_BITS)
        }
      }),
      { numRuns: 20 },
    )
  })

  test('ID3 entityId: no session can claim the id of another, nor an id of another version', () => {
    fc.assert(
      fc.property(uuid, uuid, uuid, uuid, (space, author, session, other) => {
        fc.pre(new Set([space, author, session, other]).size === 4)
        const id = new EntityIds(space, author, session).next()
        expect(new EntityIds(space, author, session).minted(id)).toBe(true)
        expect(new EntityIds(other, author, session).minted(id)).toBe(false)
        expect(new EntityIds(space, other, session).minted(id)).toBe(false)
        expect(new EntityIds(space, author, other).minted(id)).toBe(false)
        const version4 = `${id.slice(0, 14)}4${id.slice(15)}`
        expect(new EntityIds(space, author, session).minted(version4)).toBe(false)
        expect(new EntityIds(space, author, session).minted('')).toBe(false)
      }),
    )
  })

  test('ID3 entityId: text order is the order of creation, over every border of a digit', () => {
    const ids = new EntityIds('s', 'a', 'i')
    const made = Array.from({ length: 70_000 }, () => ids.next())
    expect(made.findIndex((id, i) => i > 0 && made[i - 1]! >= id)).toBe(-1)
  })

  test('§2 entityId: the tag is hashed as a list, so parts cannot slide into each other', () => {
    expect(new EntityIds('ab', 'c', 'd').next()).not.toBe(new EntityIds('a', 'bc', 'd').next())
    expect(hash('cs/entity', ['ab', 'c'])).not.toBe(hash('cs/entity', ['a', 'bc']))
  })
})
