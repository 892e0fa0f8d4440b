/**
 * Uuids in lower-case text form: version 8 from a hash (ids of messages and of
 * authors), version 4 from injected random bytes (sessions, spaces).
 */
import { v4 } from 'uuid'

/** Lower-case text form, 36 characters. */
export type Uuid = string

const UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** Whether an untrusted value is a UUID of versions 1 to 8, in lower case. */
export function isUuid(value: unknown): value is Uuid {
  return typeof value === 'string' && value.length === 36 && UUID_PATTERN.test(value)
}

/** The version digit. */
export function versionOf(id: Uuid): number {
  return Number(id[14])
}

/** The first 16 bytes of a hash with version 8 and the variant written over them. */
export function uuid8(hash: Uint8Array): Uuid {
  const nibbles: number[] = []
  // A hash has 32 bytes; of these, 6 holds the version and 8 the variant.
  for (let i = 0; i < 16; i++) nibbles.push(hash[i]! >> 4, hash[i]! & 15)
  nibbles[12] = 8
  nibbles[16] = (nibbles[16]! & 3) | 8 // 32 were pushed
  return uuidOfNibbles(nibbles)
}

const HEX_CODES = Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0))
const DASH = '-'.charCodeAt(0)

/**
 * The text of 32 half bytes. All characters at once: pieces that are added are a chain of strings,
 * which each row would keep.
 */
export function uuidOfNibbles(nibbles: readonly number[]): Uuid {
  const codes: number[] = []
  for (let i = 0; i < 32; i++) {
    if (i === 8 || i === 12 || i === 16 || i === 20) codes.push(DASH)
    codes.push(HEX_CODES[nibbles[i]!]!) // 32 numbers below 16
  }
  return String.fromCharCode(...codes)
}

/** A random uuid from 16 random bytes. */
export function uuid4(random: Uint8Array): Uuid {
  return v4({ random })
}

/** Compares by code unit, as canonical order does. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
