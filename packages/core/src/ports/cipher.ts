/**
 * The cipher of encrypted fields. Synchronous, because a row is read and written synchronously. Core
 * stores, compares and forwards ciphertexts without a key; an adapter has keys and algorithm.
 */

/** An encrypted text, in the form of messages, of the disk and of the reviewer. */
export type Ciphertext = {
  /** Id of the key. */
  readonly key: string
  /** Base64url; its layout is the cipher's. */
  readonly box: string
}

/** Encrypts and decrypts texts with the keys that this device has. */
export interface FieldCipher {
  /** @throws CountersignError `unavailable` where there is no key to write with */
  encrypt(text: string): Ciphertext
  /** undefined: the device lacks the key, or the box was made with another key. Never throws. */
  decrypt(ciphertext: Ciphertext): string | undefined
  /** Calls `listener` after a key was added or removed. Returns the function that ends it. */
  subscribe(listener: () => void): () => void
}
