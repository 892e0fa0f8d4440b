/**
 * Tagged SHA-256 over canonical JSON: `H(tag, x)` = SHA-256(tag ‖ 0x00 ‖ canonical
 * bytes of x). The tag keeps a hash made for one purpose from passing for another.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import { toBase64url } from './bytes.ts'
import { canonical } from './canonical.ts'
import type { Json } from './json.ts'

/** SHA-256 as 32 bytes in base64url, 43 characters. */
export type Hash = string

export type HashTag =
  | 'cs/leaf'
  | 'cs/msg'
  | 'cs/entity'
  | 'cs/whoami'
  | 'cs/personal'
  | 'cs/chain'
  | 'cs/snap'
  | 'cs/vals'
  | 'cs/seal'
  | 'cs/pos'
  | 'cs/grant'
  | 'cs/claim'
  | 'cs/reject'

export type Sha256 = (bytes: Uint8Array) => Uint8Array

let digest: Sha256 = (bytes) => sha256(bytes)

/**
 * Puts a faster SHA-256 of the platform in the place of the portable one. Same
 * bytes, other speed: a process-wide setting, made once at start.
 */
export function useSha256(faster: Sha256): void {
  digest = faster
}

/** Hash of a text that is canonical already. */
export function hashText(tag: HashTag, text: string): Uint8Array {
  return digest(utf8ToBytes(`${tag}\u0000${text}`))
}

export function hashBytes(tag: HashTag, value: Json): Uint8Array {
  return hashText(tag, canonical(value))
}

export function hash(tag: HashTag, value: Json): Hash {
  return toBase64url(hashBytes(tag, value))
}

const HASH_PATTERN = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/

export function isHash(value: unknown): value is Hash {
  return typeof value === 'string' && value.length === 43 && HASH_PATTERN.test(value)
}
