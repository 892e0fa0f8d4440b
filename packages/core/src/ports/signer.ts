/**
 * Signatures: Ed25519 in production, a fast keyed hash in the simulator. Keys are
 * opaque here; a secret may be a handle that the platform does not export.
 */

export interface KeyPair {
  /** Base64url of the 32 raw bytes. */
  readonly publicKey: string
  /** Opaque; can be cloned structurally, so a storage can write it. */
  readonly secret: unknown
}

/**
 * Ed25519 (RFC 8032). Calls may run concurrently; they reject where the platform has no Ed25519.
 */
export interface Signer {
  /**
   * Whether the platform checks signatures itself, in less than a frame of the screen. Where it does
   * not, a store shows what arrives before it is checked. Settled by the first check.
   */
  readonly isNative: boolean
  generate(): Promise<KeyPair>
  /** Signature over `bytes`, base64url. */
  sign(keys: KeyPair, bytes: Uint8Array): Promise<string>
  /** False for a wrong signature, and for a malformed key or signature; never throws. */
  verify(publicKey: string, bytes: Uint8Array, signature: string): Promise<boolean>
}
