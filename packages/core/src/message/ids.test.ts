/**
 * Holds ids to the definitions of PROTOCOL 2 and 3: the canonical texts that `ids.ts` writes
 * by hand against the general function, and the ids of entities against the bits of their tag.
 */
import { createHash } from 'node:crypto'
import { sha256 } from '@noble/hashes/sha2.js'
import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { toBase64url } from '../base/bytes.ts'
import { canonical } from '../base/canonical.ts'
import { hash, hashBytes, setSha256 } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import { isUuid, uuid8 } from '../base/uuid.ts'
import {
  EntityIds,
  grantBytes,
  headerText,
  identify,
  leafHash,
  metaText,
  personalCommit,
  sealBytes,
  sortedExpectations,
  valuesHash,
  whoamiId,
} from './ids.ts'
import type { Change, ChangeMeta, Expectation, MessageHeader, OwnSpan, Seen } from './message.ts'

// Thousands of cases, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const uuid = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(uuid8)
const hash43 = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('base64url'))
const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 })
const uuids = fc.uniqueArray(uuid, { maxLength: 4 }).map((list) => list.sort())
const json = fc.jsonValue({ stringUnit: 'binary', maxDepth: 3 }) as fc.Arbitrary<Json>

const count = fc.oneof(fc.integer({ min: 0, max: 99 }), fc.maxSafeNat())
const numbers = fc.array(count, { maxLength: 4 })

const span: fc.Arbitrary<OwnSpan> = fc.record({
  sessionId: uuid,
  from: count,
  to: count,
  except: numbers,
})

const seen: fc.Arbitrary<Seen> = fc.record({
  eid: fc.option(uuid),
  seq: count,
  chain: fc.oneof(
    fc.constant(''),
    hash43.map((chain) => chain.slice(0, 22)),
  ),
  from: count,
  except: numbers,
})

const meta: fc.Arbitrary<ChangeMeta> = fc.record(
  {
    type: name,
    entityId: uuid,
    sid: uuid,
    kind: fc.constantFrom('create', 'update', 'resolve', 'migrate'),
    schemaVersion: fc.integer({ min: 1, max: 1_000_000 }),
    parentCanonicalIds: uuids,
    cut: count,
    own: fc.array(span, { maxLength: 3 }),
    regs: fc.uniqueArray(name, { maxLength: 5 }).map((list) => list.sort()),
    keep: fc.dictionary(name, uuids, { maxKeys: 3 }),
  },
  { requiredKeys: ['type', 'entityId', 'kind', 'schemaVersion', 'parentCanonicalIds', 'regs'] },
)

const expectation: fc.Arbitrary<Expectation> = fc.record({ entityId: uuid, heads: uuids })

const header: fc.Arbitrary<MessageHeader> = fc.record(
  {
    v: fc.constant(1 as const),
    space: uuid,
    authorId: uuid,
    sessionId: uuid,
    clientSeq: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.maxSafeNat()),
    timestamp: fc.maxSafeNat(),
    personalCommit: hash43,
    seen,
    leaves: fc.array(hash43, { maxLength: 3 }),
    expect: fc.array(expectation, { maxLength: 3 }),
  },
  {
    requiredKeys: [
      'v',
      'space',
      'authorId',
      'sessionId',
      'clientSeq',
      'timestamp',
      'personalCommit',
      'seen',
      'leaves',
    ],
  },
)

const asJson = (value: unknown): Json => value as Json

/** H(tag, x) by the definition, with neither core's hash nor core's canonical text. */
function byDefinition(tag: string, value: unknown): Buffer {
  const text = canonicalize(value)!
  return createHash('sha256').update(`${tag}\0`).update(text).digest()
}

const portable = (text: string): string => toBase64url(sha256(Buffer.from(text, 'utf8')))

afterEach(() => setSha256(portable))

describe('texts written by hand', () => {
  test('§2 canonical bytes: the text of a change is its canonical JSON', () => {
    fc.assert(
      fc.property(meta, (given) => {
        expect(metaText(given)).toBe(canonical(asJson(given)))
      }),
      { numRuns: 1_000 },
    )
  })

  test('§2 canonical bytes: the text of a header is its canonical JSON', () => {
    fc.assert(
      fc.property(header, (given) => {
        expect(headerText(given)).toBe(canonical(asJson(given)))
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('ids of messages', () => {
  test('§3 id and hash: H(cs/msg, header), and uuid8 of it', () => {
    fc.assert(
      fc.property(header, (given) => {
        const expected = byDefinition('cs/msg', given)
        expect(identify(given)).toEqual({
          id: uuid8(expected),
          hash: expected.toString('base64url'),
        })
      }),
    )
  })

  test('§3 id and hash: the same under the SHA-256 of the platform', () => {
    fc.assert(
      fc.property(header, (given) => {
        const before = identify(given)
        setSha256((text) => createHash('sha256').update(text).digest('base64url'))
        expect(identify(given)).toEqual(before)
        setSha256(portable)
      }),
      { numRuns: 20 },
    )
  })

  test('§3 leaves: H(cs/leaf, {meta, valuesHash}) over H(cs/vals, [salt, values])', () => {
    fc.assert(
      fc.property(meta, fc.array(json, { maxLength: 3 }), name, (given, values, salt) => {
        const inner = byDefinition('cs/vals', [salt, values]).toString('base64url')
        const leaf = byDefinition('cs/leaf', { meta: given, valuesHash: inner })
        expect(valuesHash(salt, values)).toBe(inner)
        expect(leafHash({ meta: given, values, salt })).toBe(leaf.toString('base64url'))
      }),
    )
  })

  test('§2 erasure: a change without its values keeps its leaf', () => {
    fc.assert(
      fc.property(meta, fc.array(json, { maxLength: 3 }), hash43, (given, values, salt) => {
        const whole: Change = { meta: given, values, salt }
        const erased: Change = { meta: given, valuesHash: valuesHash(salt, values) }
        expect(leafHash(erased)).toBe(leafHash(whole))
      }),
    )
  })

  test('§3 salt: it hides a value, so another salt makes another leaf', () => {
    fc.assert(
      fc.property(meta, hash43, hash43, (given, a, b) => {
        fc.pre(a !== b)
        const values = [true]
        expect(leafHash({ meta: given, values, salt: a })).not.toBe(
          leafHash({ meta: given, values, salt: b }),
        )
      }),
    )
  })

  test('§3 header: every part of it is in the id', () => {
    const zero = '00000000-0000-8000-8000-000000000000'
    const one = '00000000-0000-8000-8000-000000000001'
    const base: MessageHeader = {
      v: 1,
      space: zero,
      authorId: zero,
      sessionId: zero,
      clientSeq: 1,
      timestamp: 0,
      personalCommit: 'a',
      seen: { eid: zero, seq: 7, chain: 'c', from: 1, except: [] },
      leaves: ['x', 'y'],
    }
    const others: readonly Partial<MessageHeader>[] = [
      { space: one },
      { authorId: one },
      { sessionId: one },
      { clientSeq: 2 },
      { timestamp: 1 },
      { personalCommit: 'b' },
      { seen: { ...base.seen, eid: one } },
      { seen: { ...base.seen, eid: null } },
      { seen: { ...base.seen, seq: 8 } },
      { seen: { ...base.seen, chain: 'd' } },
      { seen: { ...base.seen, from: 2 } },
      { seen: { ...base.seen, except: [2] } },
      { leaves: ['y', 'x'] },
      { leaves: ['x'] },
      { expect: [] },
      { expect: [{ entityId: zero, heads: [] }] },
      { expect: [{ entityId: zero, heads: [one] }] },
      { v: 2 as unknown as 1 },
    ]
    const ids = [base, ...others.map((part) => ({ ...base, ...part }))].map((h) => identify(h).id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('§3 change: what its author had seen of the entity is in the leaf', () => {
    const zero = '00000000-0000-8000-8000-000000000000'
    const one = '00000000-0000-8000-8000-000000000001'
    const span: OwnSpan = { sessionId: zero, from: 1, to: 3, except: [] }
    const base: ChangeMeta = {
      type: 'issue',
      entityId: zero,
      kind: 'update',
      schemaVersion: 1,
      parentCanonicalIds: [one],
      regs: ['title'],
    }
    const others: readonly Partial<ChangeMeta>[] = [
      { cut: 0 },
      { cut: 3 },
      { own: [span] },
      { own: [{ ...span, sessionId: one }] },
      { own: [{ ...span, from: 2 }] },
      { own: [{ ...span, to: 4 }] },
      { own: [{ ...span, except: [2] }] },
      { own: [span, { ...span, from: 5, to: 5 }] },
    ]
    const leaves = [base, ...others.map((part) => ({ ...base, ...part }))].map((each) =>
      leafHash({ meta: each, values: ['x'], salt: 'AAAAAAAAAAAAAAAAAAAAAA' }),
    )
    expect(new Set(leaves).size).toBe(leaves.length)
  })

  test('§3 expect: hashed in one order, whatever order the app named', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(expectation, { maxLength: 4, selector: ({ entityId }) => entityId }),
        (given) => {
          const sorted = sortedExpectations(given)
          const turned = given.map(({ entityId, heads }) => ({
            entityId,
            heads: heads.toReversed(),
          }))
          expect(sortedExpectations(turned.toReversed())).toEqual(sorted)
          expect(sorted.map(({ entityId }) => entityId)).toEqual(
            given.map(({ entityId }) => entityId).sort(),
          )
        },
      ),
    )
  })
})

describe('ids of people', () => {
  test('§5 whoami, commitment, seal and grant: hashes of their definitions', () => {
    const [space, authorId, sessionId] = ['s', 'a', 'i']
    const plain = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
    expect(whoamiId('key')).toBe(uuid8(byDefinition('cs/whoami', 'key')))
    expect(personalCommit(space, 'p', 'salt')).toBe(
      byDefinition('cs/personal', [space, 'p', 'salt']).toString('base64url'),
    )
    expect(plain(sealBytes(space, authorId, ['h1', 'h2']))).toBe(
      byDefinition('cs/seal', [space, authorId, ['h1', 'h2']]).toString('hex'),
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

  test('§2 entityId: 80 bits of H(cs/entity, [space, author, session]), then the counter', () => {
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

  test('§2 entityId: no session can claim the id of another, nor an id of another version', () => {
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

  test('§2 entityId: text order is the order of creation, over every border of a digit', () => {
    const ids = new EntityIds('s', 'a', 'i')
    const made = Array.from({ length: 70_000 }, () => ids.next())
    expect(made.findIndex((id, i) => i > 0 && made[i - 1]! >= id)).toBe(-1)
  })

  test('§2 entityId: the tag is hashed as a list, so parts cannot slide into each other', () => {
    expect(new EntityIds('ab', 'c', 'd').next()).not.toBe(new EntityIds('a', 'bc', 'd').next())
    expect(hash('cs/entity', ['ab', 'c'])).not.toBe(hash('cs/entity', ['a', 'bc']))
  })
})
