import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { BatchError } from './errors.ts'
import { IdSet, packIds, unpackIds } from './ids.ts'

const ids = Array.from({ length: 5_000 }, () => randomUUID())

test('ids come back from their packed form, 16 bytes each', () => {
  const packed = packIds(ids)
  expect(packed.byteLength).toBe(16 * ids.length)
  expect(unpackIds(packed)).toEqual(ids)
  expect(unpackIds(packIds([]))).toEqual([])
  // A view into a larger buffer, as databases hand it out.
  const shifted = new Uint8Array(16 * 3 + 1)
  shifted.set(packIds(ids.slice(0, 3)), 1)
  expect(unpackIds(shifted.subarray(1))).toEqual(ids.slice(0, 3))
  expect(new IdSet().addAll(shifted.subarray(1))).toBe(-1)
})

test.each(['', 'x', ids[0]!.toUpperCase(), `${ids[0]}0`, ids[0]!.replaceAll('-', '')])(
  'what is no lower-case uuid is refused: %j',
  (id) => {
    expect(() => packIds([ids[1]!, id])).toThrow(BatchError)
  },
)

test('the set answers as a Set of strings would, however far it grows', () => {
  const set = new IdSet()
  for (let at = 0; at < ids.length; at += 7) {
    expect(set.addAll(packIds(ids.slice(at, at + 7)))).toBe(-1)
  }
  expect(set.size).toBe(ids.length)
  for (const [at, id] of ids.entries()) {
    const fresh = randomUUID()
    if (at % 50 === 0) expect(set.addAll(packIds([fresh]))).toBe(-1)
    expect(set.addAll(packIds([id]))).toBe(0)
  }
  expect(new IdSet().addAll(packIds([...ids.slice(0, 9), ids[4]!]))).toBe(9)
})

test('ids that differ in one bit are different, and the nil uuid is none', () => {
  const set = new IdSet()
  const near = [0, 32, 64, 127].map((bit) => {
    const bytes = packIds([ids[0]!]).slice()
    bytes[bit >> 3]! ^= 1 << (bit & 7)
    return bytes
  })
  expect(set.addAll(packIds([ids[0]!]))).toBe(-1)
  for (const bytes of near) expect(set.addAll(bytes)).toBe(-1)
  for (const bytes of near) expect(set.addAll(bytes)).toBe(0)
  expect(set.addAll(new Uint8Array(16))).toBe(0)
})
