/** Holds the records that take a seq, the id of an epoch, the bytes of a position, and review lines. */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { canonical } from '../base/canonical.ts'
import { bytesOfHash } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import { type Uuid, uuid8 } from '../base/uuid.ts'
import { shortId } from '../facts/ids.ts'
import { outcomeOf } from '../facts/malformed.ts'
import { positionBytes } from './signed.ts'
import type { Position } from '../facts/message.ts'
import { BATCH_BOUNDS, type BatchBounds } from './bounds.ts'
import { NO_CHAIN } from './hashes.ts'
import {
  type BatchRecord,
  type EpochRecord,
  composeRecord,
  epochId,
  readRecord,
} from './records.ts'
import { baseValueOf, composeReview, reviewOf } from './review-line.ts'
import type { Review } from './types.ts'

const uuid = (n: number): Uuid => `0190a6b2-3c4d-8e5f-8a7b-${n.toString(16).padStart(12, '0')}`
const HASH = `${'A'.repeat(42)}A`
const SALT = 'abcdefghijklmnop'
const sha = (text: string): string => createHash('sha256').update(text).digest('base64url')

const genesis: EpochRecord = {
  kind: 'epoch',
  seq: 0,
  at: 1_700_000_000_000,
  space: uuid(1),
  reviewerId: uuid(2),
  reviewerKey: 'MCowBQYDK2VwAyEA_-',
  epoch: 1,
  why: 'genesis',
  prev: null,
}
const restored: EpochRecord = {
  ...genesis,
  seq: 42,
  epoch: 3,
  why: 'restore',
  prev: { eid: uuid(3), epoch: 2, seq: 41, chain: HASH },
}
const redact: BatchRecord = {
  kind: 'redact',
  seq: 43,
  at: 5,
  entityId: uuid(7),
  regs: ['body', 'title'],
}

test('BATCH11 BATCH12 records are read back the same, and are links of the chain', () => {
  for (const record of [genesis, restored, redact]) {
    const text = composeRecord(record, HASH)
    expect(readRecord(text.line, HASH)).toEqual({ ok: true, value: text })
    const hash = sha(`cs/first\n${text.line}`)
    expect(text.hash).toBe(hash)
    expect(text.chain).toBe(sha(`cs/chain\0["${HASH}","${hash}"]`))
  }
  const first = composeRecord(genesis, NO_CHAIN)
  expect(first.chain).toBe(sha(`cs/chain\0["","${first.hash}"]`))
  expect(epochId(first)).toBe(uuid8(bytesOfHash(first.hash)))
})

test('BATCH11 every character of a record, exchanged, is refused or makes another chain', () => {
  for (const record of [genesis, restored, redact]) {
    const { line, chain } = composeRecord(record, HASH)
    for (let at = 0; at < line.length; at++)
      for (const other of [line[at] === '1' ? '2' : '1', '', '\n', '"']) {
        const read = readRecord(line.slice(0, at) + other + line.slice(at + 1), HASH)
        if (read.ok && read.value.line !== line) expect(read.value.chain).not.toBe(chain)
      }
  }
})

const faults: readonly (readonly [string, BatchRecord, number, Json])[] = [
  ['an unknown kind', redact, 0, 'erase'],
  ['seq 0', redact, 1, 0],
  ['a time that is a fraction', redact, 2, 0.5],
  ['an entity that is no id', redact, 3, 'x'],
  ['no registers', redact, 4, []],
  ['registers that are not sorted', redact, 4, ['title', 'body']],
  ['a register twice', redact, 4, ['body', 'body']],
  ['the register $archived', redact, 4, ['$archived']],
  ['a forbidden register', redact, 4, ['__proto__']],
  ['129 registers', redact, 4, Array.from({ length: 129 }, (_, i) => `r${1_000 + i}`)],
  ['a sixth element', redact, 5, 1],
  ['another version', restored, 3, 1],
  ['a space that is no id', restored, 4, 'x'],
  ['a key with other characters', restored, 6, 'a=b'],
  ['an epoch that does not go up', restored, 7, 2],
  ['an unknown reason', restored, 8, 'because'],
  ['genesis after something', restored, 8, 'genesis'],
  ['a restore after nothing', genesis, 8, 'restore'],
  ['a gap of seq', restored, 1, 43],
  ['genesis at seq 1', genesis, 1, 1],
  ['a position without chain', restored, 9, [shortId(uuid(3)), 2, 41, '']],
  ['an eleventh element', restored, 10, 1],
]

test.each(faults)('BATCH11 BATCH12 refused: %s', (_, record, at, value) => {
  const list = JSON.parse(composeRecord(record, HASH).line) as Json[]
  list[at] = value
  expect(readRecord(canonical(list), HASH).ok).toBe(false)
})

test('BATCH13 a position: each part of it is in the signed bytes', () => {
  const position: Position = { eid: uuid(3), epoch: 2, seq: 41, chain: HASH }
  const text = `cs/pos\0["${shortId(uuid(1))}","${shortId(uuid(3))}",2,41,"${HASH}"]`
  const bytes = positionBytes(uuid(1), position)
  expect(Buffer.from(bytes).toString('base64url')).toBe(sha(text))
  const others = [
    positionBytes(uuid(9), position),
    positionBytes(uuid(1), { ...position, eid: uuid(9) }),
    positionBytes(uuid(1), { ...position, epoch: 9 }),
    positionBytes(uuid(1), { ...position, seq: 9 }),
    positionBytes(uuid(1), { ...position, chain: `B${HASH.slice(1)}` }),
  ]
  for (const other of others) expect(other).not.toEqual(bytes)
})

const review: Review = {
  bases: [
    { change: 0, reg: 0, seq: null },
    { change: 0, reg: 1, seq: 7 },
    { change: 0, reg: 2, seq: 0 },
    {
      change: 1,
      reg: 0,
      seq: 8,
      value: { version: 2, value: 'a', salt: SALT },
      valueHash: sha(`cs/base\n[2,"a","${SALT}"]`),
    },
  ],
  assigned: [{ change: 1, values: { number: 3, slug: 'x' } }],
  places: [
    { eid: uuid(3), seq: 4 },
    { eid: uuid(4), seq: 1 },
  ],
  reads: [{ eid: uuid(5), seq: 2 }],
  salt: SALT,
}

const readReview = (
  line: string,
  bounds: BatchBounds = BATCH_BOUNDS,
): ReturnType<typeof outcomeOf> => outcomeOf(() => reviewOf(line, bounds))

test('BATCH4 a review and its values are read back the same', () => {
  const { line, values } = composeReview(review)
  const without = review.bases.map(({ change, reg, seq, valueHash }) => ({
    change,
    reg,
    seq,
    ...(valueHash && { valueHash }),
  }))
  expect(readReview(line)).toEqual({ ok: true, value: { ...review, bases: without } })
  expect(values.map((place) => baseValueOf(place.line!, BATCH_BOUNDS))).toEqual([
    { version: 2, value: 'a', salt: SALT },
  ])
  // Without the value, as after its erasure, the line is the same.
  expect(composeReview({ ...review, bases: without })).toEqual({
    line,
    values: [{ hash: review.bases[3]!.valueHash }],
  })
})

const reviewFaults: readonly (readonly [string, readonly number[], Json])[] = [
  ['bases not sorted', [0, 0], [1, 1]],
  ['a base twice', [0, 1], [0, 0]],
  ['a value of a register that was unset', [0, 3, 2], 0],
  ['a base with a short hash', [0, 3, 3], 'AAAA'],
  ['a base of five', [0, 3], [1, 0, 8, HASH, 1]],
  ['assigned values that are a list', [1, 0, 1], [1]],
  ['no assigned values', [1, 0, 1], {}],
  ['$archived as an assigned value', [1, 0, 1], { $archived: true }],
  [
    'places not sorted',
    [2],
    [
      [shortId(uuid(4)), 1],
      [shortId(uuid(3)), 4],
    ],
  ],
  ['a place at seq 0', [2, 0, 1], 0],
  ['a salt of 22 characters', [3], 'A'.repeat(22)],
  ['reads that are no list', [4], 0],
  ['no reads', [4], []],
  ['reads at seq 0', [4, 0, 1], 0],
  ['a sixth element', [5], 0],
]

test.each(reviewFaults)('BATCH4 refused: %s', (_, path, value) => {
  const list = JSON.parse(composeReview(review).line) as Json[]
  let at = list
  for (const step of path.slice(0, -1)) at = at[step] as Json[]
  at[path.at(-1)!] = value
  expect(readReview(canonical(list)).ok).toBe(false)
})

test('BATCH4 BATCH10 an empty review is left out; places and values have bounds', () => {
  expect(readReview(canonical([[], [], [], SALT])).ok).toBe(false)
  const { line } = composeReview(review)
  expect(readReview(line, { ...BATCH_BOUNDS, otherPlacesMax: 2 }).ok).toBe(true)
  expect(readReview(line, { ...BATCH_BOUNDS, otherPlacesMax: 1 })).toMatchObject({
    error: { code: 'too_large' },
  })
  const value = (bytes: number): string => canonical([1, 'é'.repeat((bytes - 2) / 2), SALT])
  expect(outcomeOf(() => baseValueOf(value(1_024), BATCH_BOUNDS)).ok).toBe(true)
  expect(outcomeOf(() => baseValueOf(value(1_026), BATCH_BOUNDS))).toMatchObject({
    error: { code: 'too_large' },
  })
  for (const broken of ['[0,"a"]', `[0,"a","${SALT}"]`, `[1,{"$x":1},"${SALT}"]`, 'null'])
    expect(outcomeOf(() => baseValueOf(broken, BATCH_BOUNDS)).ok, broken).toBe(false)
})
