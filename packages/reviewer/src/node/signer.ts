/**
 * Core's signer port in Node: Ed25519 by `node:crypto`, in the thread pool. A secret is the PKCS8
 * form of the key as base64url text, which can be stored.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  sign as signBytes,
  verify as verifyBytes,
} from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { KeyPair, Signer } from '@countersign/core/ports'

/** Maximum cached public keys; the oldest is evicted first. */
const PUBLIC_KEYS_MAX = 4_096
/** 32 and 64 bytes in canonical base64url. */
const PUBLIC_KEY = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/
const SIGNATURE = /^[A-Za-z0-9_-]{85}[AQgw]$/

const generatePair = promisify(generateKeyPair)

/** Ed25519 by Node. A secret is PKCS #8 in base64url, which can be stored in a file. */
export function nodeSigner(): Signer {
  const secrets = new WeakMap<KeyPair, KeyObject>()
  const publicKeys = new Map<string, KeyObject>()
  return {
    isNative: true,
    async generate(): Promise<KeyPair> {
      const { publicKey, privateKey } = await generatePair('ed25519')
      return {
        // The JWK of an Ed25519 key has `x`.
        publicKey: publicKey.export({ format: 'jwk' }).x!,
        secret: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64url'),
      }
    },

    sign(keys: KeyPair, bytes: Uint8Array): Promise<string> {
      let secret = secrets.get(keys)
      if (secret === undefined) {
        secret = secretOf(keys)
        secrets.set(keys, secret)
      }
      const key = secret
      return new Promise((done, failed) => {
        signBytes(null, bytes, key, (error, signature) =>
          error === null ? done(signature.toString('base64url')) : failed(error),
        )
      })
    },

    verify(publicKey: string, bytes: Uint8Array, signature: string): Promise<boolean> {
      const key = SIGNATURE.test(signature) ? known(publicKey) : undefined
      if (key === undefined) return Promise.resolve(false)
      return new Promise((done) => {
        verifyBytes(null, bytes, key, Buffer.from(signature, 'base64url'), (error, holds) =>
          done(error === null && holds),
        )
      })
    },
  }

  function known(publicKey: string): KeyObject | undefined {
    const parsed = publicKeys.get(publicKey) ?? publicKeyOf(publicKey)
    if (parsed === undefined || publicKeys.has(publicKey)) return parsed
    // Not empty: the size is the maximum.
    if (publicKeys.size >= PUBLIC_KEYS_MAX) publicKeys.delete(publicKeys.keys().next().value!)
    publicKeys.set(publicKey, parsed)
    return parsed
  }
}

/** The private key of a pair. Throws when its secret is not of `nodeSigner`, or of another pair. */
export function secretOf(keys: KeyPair): KeyObject {
  if (typeof keys.secret !== 'string')
    throw new TypeError('the secret is not a string of nodeSigner')
  const key = createPrivateKey({
    key: Buffer.from(keys.secret, 'base64url'),
    format: 'der',
    type: 'pkcs8',
  })
  if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('the secret is not an Ed25519 key')
  if (createPublicKey(key).export({ format: 'jwk' }).x !== keys.publicKey) {
    throw new TypeError('the secret does not belong to the public key')
  }
  return key
}

function publicKeyOf(publicKey: string): KeyObject | undefined {
  if (!PUBLIC_KEY.test(publicKey)) return undefined
  try {
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: publicKey }, format: 'jwk' })
  } catch {
    return undefined
  }
}
