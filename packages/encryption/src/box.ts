/**
 * Encryption of one text: XChaCha20-Poly1305 with a random nonce of 24 bytes, from an audited library.
 *
 *   box   base64url of the nonce and the ciphertext with its tag: 40 bytes more than the text
 */
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { CountersignError } from '@countersign/core'
import { fromBase64url, toBase64url } from '@countersign/core/ports'

export const KEY_LENGTH = 32
const NONCE_LENGTH = 24

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

/** Fills an array with random bytes. */
export type RandomBytes = (count: number) => Uint8Array

/** Random bytes of the platform. */
export const platformBytes: RandomBytes = (count) => crypto.getRandomValues(new Uint8Array(count))

/** `about` is authenticated with the text: a box opens only with the same. */
export function encryptText(
  key: Uint8Array,
  text: string,
  { about, random }: { readonly about: string; readonly random: RandomBytes },
): string {
  const nonce = random(NONCE_LENGTH)
  const cipher = xchacha20poly1305(key, nonce, encoder.encode(about))
  const ciphertext = cipher.encrypt(encoder.encode(text))
  const box = new Uint8Array(NONCE_LENGTH + ciphertext.length)
  box.set(nonce)
  box.set(ciphertext, NONCE_LENGTH)
  return toBase64url(box)
}

/** undefined: the box was made with another key, with other associated data, or was changed. */
export function decryptText(key: Uint8Array, box: string, about: string): string | undefined {
  const bytes = fromBase64url(box)
  if (!bytes || bytes.length < NONCE_LENGTH) return undefined
  const nonce = bytes.subarray(0, NONCE_LENGTH)
  const cipher = xchacha20poly1305(key, nonce, encoder.encode(about))
  try {
    return decoder.decode(cipher.decrypt(bytes.subarray(NONCE_LENGTH)))
  } catch {
    return undefined
  }
}

/** @throws CountersignError `invalid` unless it is 32 bytes, or their base64url */
export function keyOf(key: Uint8Array | string): Uint8Array {
  const bytes = typeof key === 'string' ? fromBase64url(key) : key
  if (bytes?.length === KEY_LENGTH) return Uint8Array.from(bytes)
  throw new CountersignError('invalid', `a key is ${KEY_LENGTH} bytes, or their base64url`)
}
