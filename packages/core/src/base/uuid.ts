/**
 * Uuids in lower-case text form: version 8 from a hash (ids of messages and of
 * authors), version 4 from injected random bytes (sessions, spaces).
 */
import { v4 } from 'uuid'
import { toHex } from './bytes.ts'

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
  // Not `hash.slice`: a platform's SHA-256 may give a Buffer, whose slice is a view of it.
  const bytes = Uint8Array.from(hash.subarray(0, 16))
  // A hash has 32 bytes; of these, 6 holds the version and 8 the variant.
  bytes[6] = (bytes[6]! & 0x0f) | 0x80
  bytes[8] = (bytes[8]! & 0x3f) | 0x80 // 16 bytes were taken
  return dashed(toHex(bytes))
}

/** A random uuid from 16 random bytes. */
export function uuid4(random: Uint8Array): Uuid {
  return v4({ random })
}

function dashed(hex: string): Uuid {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** Compares by code unit, as canonical order does. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
