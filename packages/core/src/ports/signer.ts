/**
 * Signatures: Ed25519 in production, a fast keyed hash in the simulator. Keys are
 * opaque here; a secret may be a handle that never leaves the platform.
 */

export interface KeyPair {
  /** Base64url of the 32 raw bytes. */
  readonly publicKey: string
  /** Opaque, and fit for structured clone, so that a storage can keep it. */
  readonly secret: unknown
}

/** Ed25519 (RFC 8032). Calls may run side by side; where a platform has none, they reject. */
export interface Signer {
  generate(): Promise<KeyPair>
  /** Signature over `bytes`, base64url. */
  sign(keys: KeyPair, bytes: Uint8Array): Promise<string>
  /** False for a wrong signature and for a key or signature that is malformed; never throws. */
  verify(publicKey: string, bytes: Uint8Array, signature: string): Promise<boolean>
}
