/**
 * SHA-256 (FIPS 180-4) of bytes, synchronous. The platform's own (`crypto.subtle`) is asynchronous,
 * and ids and shown values need the hash at once. One call, one digest: no streaming, so no object a
 * call, and texts of a few hundred bytes cost little more than their blocks.
 */
import { assert } from './assert.ts'

const BLOCK_BYTES = 64
const ROUNDS = 64

/** The first 32 bits of the fractional part. */
const fraction = (root: number): number => Math.floor((root % 1) * 2 ** 32)

/** First bits of the cube roots of the first 64 primes, and of the square roots of the first 8. */
const ROUND_WORDS = new Int32Array(ROUNDS)
const START = new Int32Array(8)
for (let count = 0, number = 2; count < ROUNDS; number++) {
  let divisor = 2
  while (number % divisor !== 0) divisor++
  if (divisor < number) continue
  if (count < START.length) START[count] = fraction(number ** (1 / 2))
  ROUND_WORDS[count++] = fraction(number ** (1 / 3))
}

/** Eight words, typed by their indexes. */
type State = [number, number, number, number, number, number, number, number]

// Shared by all calls, which are synchronous.
const words = new Int32Array(ROUNDS)
const state = new Int32Array(8) as unknown as State
/** The last bytes of the input, with padding and length. */
const tail = new Uint8Array(BLOCK_BYTES * 2)

/** The digest as 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  assert(bytes.length < 2 ** 29, 'the number of bits fits into one word')
  for (let i = 0; i < START.length; i++) state[i] = START[i]!
  const whole = bytes.length - (bytes.length % BLOCK_BYTES)
  for (let at = 0; at < whole; at += BLOCK_BYTES) addBlock(bytes, at)
  const rest = bytes.length - whole
  const tailBytes = rest < BLOCK_BYTES - 8 ? BLOCK_BYTES : BLOCK_BYTES * 2
  tail.fill(0)
  tail.set(bytes.subarray(whole))
  tail[rest] = 0x80
  writeWord(tail, tailBytes - 4, bytes.length << 3)
  for (let at = 0; at < tailBytes; at += BLOCK_BYTES) addBlock(tail, at)
  const digest = new Uint8Array(32)
  for (let i = 0; i < 8; i++) writeWord(digest, i * 4, state[i]!)
  return digest
}

function writeWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24
  bytes[at + 1] = word >>> 16
  bytes[at + 2] = word >>> 8
  bytes[at + 3] = word
}

function addBlock(bytes: Uint8Array, from: number): void {
  for (let i = 0, at = from; i < 16; i++, at += 4)
    words[i] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
  for (let i = 16; i < ROUNDS; i++) {
    const early = words[i - 15]!
    const late = words[i - 2]!
    const s0 = rotated(early, 7) ^ rotated(early, 18) ^ (early >>> 3)
    const s1 = rotated(late, 17) ^ rotated(late, 19) ^ (late >>> 10)
    words[i] = (words[i - 16]! + s0 + words[i - 7]! + s1) | 0
  }
  let a = state[0]
  let b = state[1]
  let c = state[2]
  let d = state[3]
  let e = state[4]
  let f = state[5]
  let g = state[6]
  let h = state[7]
  for (let i = 0; i < ROUNDS; i++) {
    const s1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
    const choice = (e & f) ^ (~e & g)
    const t1 = (h + s1 + choice + ROUND_WORDS[i]! + words[i]!) | 0
    const s0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
    const majority = (a & b) ^ (a & c) ^ (b & c)
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + s0 + majority) | 0
  }
  state[0] += a
  state[1] += b
  state[2] += c
  state[3] += d
  state[4] += e
  state[5] += f
  state[6] += g
  state[7] += h
}

function rotated(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits))
}
