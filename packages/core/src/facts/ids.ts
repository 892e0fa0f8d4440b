/**
 * Short forms of ids in texts: a uuid in 22 characters, a chain in its first 128 bits, a salt. The
 * base64url has no padding, and unused bits of the last character are zero: one text for one id.
 */
import { assert } from '../base/assert.ts'
import { fromBase64url, toBase64url, toHex } from '../base/bytes.ts'
import { type Hash, bytesOfHash } from '../base/hash.ts'
import { type Uuid, isUuid } from '../base/uuid.ts'
import { refuse } from './malformed.ts'

/** A uuid as 22 characters of base64url. */
export type ShortId = string

/** The first 128 bits of a chain hash, 22 characters of base64url; '' where nothing was seen. */
export type ChainPrefix = string

/** 96 random bits, 16 characters of base64url. Hides values of low entropy from a guess at a hash. */
export type Salt = string

const SALT = /^[A-Za-z0-9_-]{16}$/
const BITS_128 = /^[A-Za-z0-9_-]{21}[AQgw]$/

/** `id` is a uuid in lower-case text form. */
export function shortId(id: Uuid): ShortId {
  assert(isUuid(id), `an id is a uuid, not ${id}`)
  const hex = id.replaceAll('-', '')
  const bytes = new Uint8Array(16)
  for (let i = 0; i < 16; i++) bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16)
  return toBase64url(bytes)
}

/** The uuid of an untrusted short id; refuses what is none. */
export function longId(short: unknown, what: string): Uuid {
  const bytes = typeof short === 'string' && short.length === 22 ? fromBase64url(short) : undefined
  const hex = bytes ? toHex(bytes) : ''
  const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  return isUuid(id) ? id : refuse(`${what}: 22 characters of base64url of a uuid are expected`)
}

export function chainPrefix(chain: Hash): ChainPrefix {
  return toBase64url(bytesOfHash(chain).subarray(0, 16))
}

export function isChainPrefix(value: unknown): value is ChainPrefix {
  return typeof value === 'string' && BITS_128.test(value)
}

export function isSalt(value: unknown): value is Salt {
  return typeof value === 'string' && SALT.test(value)
}

export function saltOf(value: unknown): Salt {
  return isSalt(value) ? value : refuse('salt: 96 bits in 16 characters of base64url are expected')
}
