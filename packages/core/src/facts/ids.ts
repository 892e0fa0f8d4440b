/**
 * Short forms of ids in texts: a uuid in 22 characters, a chain in its first 128 bits, a salt. The
 * base64url has no padding, and unused bits of the last character are zero: one text for one id.
 */
import { assert } from '../base/assert.ts'
import { toBase64url } from '../base/bytes.ts'
import { type Hash, bytesOfHash } from '../base/hash.ts'
import { type Uuid, isUuid, uuid8OfDigits, uuidOfDigits } from '../base/uuid.ts'
import { refuse } from './malformed.ts'

/** A uuid as 22 characters of base64url. */
export type ShortId = string

/** The first 128 bits of a chain hash, 22 characters of base64url; '' for an empty chain. */
export type ChainPrefix = string

/**
 * 96 random bits, 16 characters of base64url. Protects values of low entropy from guessing by hash.
 */
export type Salt = string

const SALT = /^[A-Za-z0-9_-]{16}$/
const BITS_128 = /^[A-Za-z0-9_-]{21}[AQgw]$/

// Ids are in every line, so both directions use tables: arrays of bytes are ten times slower.
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

const valuesOf = (digits: string): Int8Array => {
  const values = new Int8Array(128).fill(-1)
  for (let i = 0; i < digits.length; i++) values[digits.charCodeAt(i)] = i
  return values
}
const DIGIT_VALUES = valuesOf(DIGITS)
const DIGIT_CODES = Array.from(DIGITS, (digit) => digit.charCodeAt(0))
const HEX_VALUES = valuesOf('0123456789abcdef')

/** The characters of a short id; used again for each. */
const shortCodes: number[] = Array.from({ length: 22 }, () => 0)

/** Encodes a uuid in lower-case text form. */
export function shortId(id: Uuid): ShortId {
  assert(isUuid(id), `an id is a uuid, not ${id}`)
  let count = 0
  let word = 0
  let bits = 0
  for (let i = 0; i < 36; i++) {
    const nibble = HEX_VALUES[id.charCodeAt(i)]!
    if (nibble < 0) continue // a dash
    word = ((word << 4) | nibble) & 0x3ff
    bits += 4
    if (bits < 6) continue
    bits -= 6
    shortCodes[count++] = DIGIT_CODES[(word >> bits) & 63]!
  }
  shortCodes[count] = DIGIT_CODES[(word << 4) & 63]!
  return String.fromCharCode(...shortCodes)
}

/** Decodes an untrusted short id. @throws Malformed */
export function longId(short: unknown, what: string): Uuid {
  const id = typeof short === 'string' && BITS_128.test(short) ? uuidOf(short) : undefined
  return isUuid(id) ? id : refuse(`${what}: 22 characters of base64url of a uuid are expected`)
}

function uuidOf(short: ShortId): Uuid {
  return uuidOfDigits(digitsOf(short))
}

/** The uuid of version 8 from the first 128 bits of a hash. */
export function idOfHash(hash: Hash): Uuid {
  assert(hash.length === 43, 'a hash has 32 bytes')
  return uuid8OfDigits(digitsOf(hash))
}

/** Used again for each id: a list of its own would take more than the text. */
const digits: number[] = Array.from({ length: 32 }, () => 0)

/** The first 128 bits of a text in base64url, 4 by 4. */
function digitsOf(text: string): number[] {
  let count = 0
  let word = 0
  let bits = 0
  for (let i = 0; i < 22; i++) {
    word = ((word << 6) | DIGIT_VALUES[text.charCodeAt(i)]!) & 0x3ff
    bits += 6
    for (; bits >= 4; bits -= 4) digits[count++] = (word >> (bits - 4)) & 15
  }
  return digits // 22 characters have 132 bits, of which the last four are of no id
}

/** The first 128 bits of a chain's hash, as 22 characters: the form in `seen`. */
export function chainPrefix(chain: Hash): ChainPrefix {
  return toBase64url(bytesOfHash(chain).subarray(0, 16))
}

/** Whether an untrusted value has the form of a chain prefix: 128 bits, as 22 characters. */
export function isChainPrefix(value: unknown): value is ChainPrefix {
  return typeof value === 'string' && BITS_128.test(value)
}

/** Whether an untrusted value has the form of a salt: 96 bits, as 16 characters of base64url. */
export function isSalt(value: unknown): value is Salt {
  return typeof value === 'string' && SALT.test(value)
}

/** An untrusted value as a salt. @throws Malformed */
export function saltOf(value: unknown): Salt {
  return isSalt(value) ? value : refuse('salt: 96 bits in 16 characters of base64url are expected')
}
