/**
 * Tagged SHA-256 over canonical JSON: `H(tag, x)` = SHA-256(tag ‖ 0x00 ‖ canonical
 * bytes of x). The tag prevents the use of a hash for another purpose.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { assert } from './assert.ts'
import { fromBase64url, toBase64url } from './bytes.ts'
import { canonical } from './canonical.ts'
import type { Json } from './json.ts'
import { passingUtf8 } from './utf8.ts'

/** SHA-256 as 32 bytes in base64url, 43 characters. */
export type Hash = string

export type HashTag =
  | 'cs/entity'
  | 'cs/whoami'
  | 'cs/personal'
  | 'cs/chain'
  | 'cs/seal'
  | 'cs/pos'
  | 'cs/grant'
  | 'cs/reject'
  | 'cs/welcome'
  | 'cs/bind'
  | 'cs/accepted'
  | 'cs/snapshot'
  | 'cs/settled'
  | 'cs/nack'
  | 'cs/live'
  | 'cs/history'
  | 'cs/kept'
  | 'cs/erased'
  | 'cs/me'
  | 'cs/states'
  | 'cs/partition'
  | 'cs/claim'
  | 'cs/rank'
  | 'cs/beat'

/** Purposes of hashes over lines of text (`hashLine`). */
export type LineTag =
  | 'cs/session'
  | 'cs/head'
  | 'cs/line'
  | 'cs/first'
  | 'cs/review'
  | 'cs/base'
  | 'cs/page'
  | 'cs/list'
  | 'cs/told'

/** SHA-256 over the UTF-8 bytes of a text, as base64url. */
export type Sha256 = (text: string) => Hash

let digest: Sha256 = (text) => toBase64url(sha256(passingUtf8(text)))

/**
 * Replaces the portable SHA-256 with a faster one of the platform: same hashes, other speed. A
 * process-wide setting, made once at start. Maps text to text because nearly every hash here is
 * made from text and written as text.
 */
export function setSha256(faster: Sha256): void {
  digest = faster
}

/** Hash of a text that is canonical already. */
export function hashText(tag: HashTag, text: string): Hash {
  return digest(`${tag}\u0000${text}`)
}

/**
 * SHA-256(tag ‖ 0x0A ‖ text) of a text as sent, without serializing it again. The text must be
 * well-formed Unicode; a lone surrogate would hash as U+FFFD.
 */
export function hashLine(tag: LineTag, text: string): Hash {
  return digest(`${tag}\n${text}`)
}

/**
 * SHA-256(tag ‖ 0x00 ‖ canonical JSON of `value`), as 43 characters of base64url. The tag separates
 * purposes.
 */
export function hash(tag: HashTag, value: Json): Hash {
  return hashText(tag, canonical(value))
}

/** The 32 bytes of a hash, as input of a signature or of an id. */
export function bytesOfHash(text: Hash): Uint8Array {
  const bytes = fromBase64url(text)
  assert(bytes?.length === 32, 'a hash has 32 bytes')
  return bytes
}

/** The 32 bytes of `hash(tag, value)`: the input of a signature. */
export function hashBytes(tag: HashTag, value: Json): Uint8Array {
  return bytesOfHash(hash(tag, value))
}

const HASH_PATTERN = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/

/**
 * Whether an untrusted value has the form of a hash: 43 characters of base64url, with zeros in the
 * unused bits.
 */
export function isHash(value: unknown): value is Hash {
  return typeof value === 'string' && value.length === 43 && HASH_PATTERN.test(value)
}
