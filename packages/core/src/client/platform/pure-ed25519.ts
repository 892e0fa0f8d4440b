/**
 * Ed25519 by script, for platforms whose WebCrypto lacks it. Loaded on demand. Its SHA-512 is in
 * one module with the SHA-256 that hashes messages, so a bundler loads both together.
 */
import { getPublicKey, hashes, sign, verify } from '@noble/ed25519'
import { sha512 } from '@noble/hashes/sha2.js'

export interface PureEd25519 {
  getPublicKey(secret: Uint8Array): Uint8Array
  sign(bytes: Uint8Array, secret: Uint8Array): Uint8Array
  verify(signature: Uint8Array, bytes: Uint8Array, publicKey: Uint8Array): boolean
}

/** A call, because a bundler drops the side effects of a module. */
export function pureEd25519(): PureEd25519 {
  hashes.sha512 = sha512
  return { getPublicKey, sign, verify }
}
