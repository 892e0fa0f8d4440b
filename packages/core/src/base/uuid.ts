/**
 * Uuids in lower-case text form: version 8 from a hash (ids of messages and of
 * authors), version 4 from random bytes (`uuid4.ts`: sessions, spaces).
 */

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
  for (let i = 0; i < 16; i++) {
    const byte = hash[i]! // a hash has 32
    digits[2 * i] = byte >> 4
    digits[2 * i + 1] = byte & 15
  }
  return uuid8OfDigits(digits)
}

/** The same from 32 digits of 0 to 15, which it changes. */
export function uuid8OfDigits(list: number[]): Uuid {
  list[12] = 8 // the version
  list[16] = (list[16]! & 3) | 8 // 32 digits, and the variant is in this one
  return uuidOfDigits(list)
}

// Lists that are used again: lists for each id would take ten times its text. All characters are
// turned into a text at once: pieces that are added are a chain of strings, which each row would keep.
const digits: number[] = Array.from({ length: 32 }, () => 0)
const codes: number[] = Array.from({ length: 36 }, () => '-'.charCodeAt(0))
const places = codes.map((_, at) => at).filter((at) => ![8, 13, 18, 23].includes(at))
const HEX_CODES = Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0))

/** The text of 32 digits of 0 to 15. */
export function uuidOfDigits(list: readonly number[]): Uuid {
  for (let i = 0; i < 32; i++) codes[places[i]!] = HEX_CODES[list[i]!]! // a digit for each place
  return String.fromCharCode(...codes)
}

/** Compares by code unit, as canonical order does. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
