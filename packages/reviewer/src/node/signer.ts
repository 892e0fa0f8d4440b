/**
 * Ed25519 through `node:crypto`, in the thread pool, for the core's signer port. A secret is the
 * PKCS8 form of the key as base64url text, so a store or a file can keep it.
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

/** Parsed public keys that are kept, the oldest leaving first. */
const PUBLIC_KEYS_MAX = 4_096
/** 32 and 64 bytes in the one base64url form that encoders write. */
const PUBLIC_KEY = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/
const SIGNATURE = /^[A-Za-z0-9_-]{85}[AQgw]$/

const generatePair = promisify(generateKeyPair)

/** Ed25519 by Node. A secret is PKCS #8 in base64url: text that can be kept in a file. */
export function nodeSigner(): Signer {
  const secrets = new WeakMap<KeyPair, KeyObject>()
  const publicKeys = new Map<string, KeyObject>()
  return {
    async generate(): Promise<KeyPair> {
      const { publicKey, privateKey } = await generatePair('ed25519')
      return {
        // A key on a curve has this.
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
    // There are as many keys as may be.
    if (publicKeys.size >= PUBLIC_KEYS_MAX) publicKeys.delete(publicKeys.keys().next().value!)
    publicKeys.set(publicKey, parsed)
    return parsed
  }
}

/** The private key of a pair. Throws when its secret is none of `nodeSigner`, or of another pair. */
export function secretOf(keys: KeyPair): KeyObject {
  if (typeof keys.secret !== 'string') throw new TypeError('the secret is no text of nodeSigner')
  const key = createPrivateKey({
    key: Buffer.from(keys.secret, 'base64url'),
    format: 'der',
    type: 'pkcs8',
  })
  if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('the secret is no Ed25519 key')
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
