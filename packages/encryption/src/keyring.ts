/**
 * The keys of encrypted fields that this device has, by id. One of them is the current one, which
 * encrypts; all of them decrypt. A new key is added here and passed to the others of the space by
 * the app; values of before stay as they are, and are encrypted with it when they are written again.
 */
import { CountersignError } from '@countersign/core'
import type { Ciphertext, FieldCipher } from '@countersign/core/ports'
import { toBase64url } from '@countersign/core/ports'
import {
  KEY_LENGTH,
  type RandomBytes,
  decryptText,
  encryptText,
  keyOf,
  platformBytes,
} from './box.ts'

/** Options of `createKeyring`. */
export interface KeyringOptions {
  /** Keys by id: 32 bytes, or their base64url. An id has 1 to 64 characters. */
  readonly keys?: Readonly<Record<string, Uint8Array | string>>
  /** Id of the key that encrypts. By default the last one of `keys`. */
  readonly current?: string
  /**
   * The context of the values, such as the id of the space: a value that is copied elsewhere cannot
   * be decrypted there. Equal for all devices that share the keys.
   */
  readonly context?: string
  /** Returns that many random bytes. By default those of the platform. */
  readonly random?: RandomBytes
}

/** The keys of a device, and the cipher of its encrypted fields. */
export interface Keyring extends FieldCipher {
  /** Ids of the keys of this device. */
  readonly ids: readonly string[]
  /** Id of the key that encrypts; undefined where there is none. */
  readonly current: string | undefined
  /**
   * Adds a key, by default as the current one. Rows with values of that key are read again.
   * @throws CountersignError `invalid` for a malformed key or id, or another key under a known id
   */
  add(id: string, key: Uint8Array | string, options?: { readonly current?: boolean }): void
  /** Removes a key: its values are locked from now on. The next newest one becomes current. */
  remove(id: string): void
}

/** A new random key, as base64url of 32 bytes. */
export function newKey(random: RandomBytes = platformBytes): string {
  return toBase64url(random(KEY_LENGTH))
}

/**
 * Creates a keyring. Without keys it reads nothing and writes nothing: a reviewer declares its types
 * with such a one.
 * @throws CountersignError `invalid` for a malformed key or id, or an unknown `current`
 */
export function createKeyring({
  keys = {},
  current,
  context = '',
  random = platformBytes,
}: KeyringOptions = {}): Keyring {
  const known = new Map<string, Uint8Array>()
  const listeners = new Set<() => void>()
  let writing: string | undefined
  const aboutOf = (id: string): string => JSON.stringify(['cs/field', context, id])
  const put = (id: string, key: Uint8Array | string): void => {
    if (id === '' || id.length > 64)
      throw new CountersignError('invalid', 'the id of a key has 1 to 64 characters')
    const bytes = keyOf(key)
    const before = known.get(id)
    if (before?.some((byte, at) => byte !== bytes[at]))
      throw new CountersignError('invalid', `another key has the id ${id}: give each key its own`)
    known.set(id, bytes)
  }
  for (const [id, key] of Object.entries(keys)) put(id, key)
  writing = current ?? [...known.keys()].at(-1)
  if (writing !== undefined && !known.has(writing))
    throw new CountersignError('invalid', `there is no key ${writing} to write with`)
  const notify = (): void => {
    for (const listener of [...listeners]) listener()
  }
  return {
    get ids() {
      return [...known.keys()]
    },
    get current() {
      return writing
    },
    add: (id, key, { current: isCurrent = true } = {}) => {
      put(id, key)
      if (isCurrent) writing = id
      notify()
    },
    remove: (id) => {
      if (!known.delete(id)) return
      if (writing === id) writing = [...known.keys()].at(-1)
      notify()
    },
    encrypt: (text): Ciphertext => {
      const key = writing === undefined ? undefined : known.get(writing)
      if (writing === undefined || !key)
        throw new CountersignError(
          'unavailable',
          'there is no key to encrypt with: add one to the keyring before the write',
        )
      return { key: writing, box: encryptText(key, text, { about: aboutOf(writing), random }) }
    },
    decrypt: ({ key: id, box }) => {
      const key = known.get(id)
      return key && decryptText(key, box, aboutOf(id))
    },
    subscribe: (listener) => {
      // Each call is a subscription of its own, even with the same function.
      const own = (): void => listener()
      listeners.add(own)
      return () => void listeners.delete(own)
    },
  }
}
