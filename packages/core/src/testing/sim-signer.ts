/**
 * Signatures for simulations: a keyed hash, a thousand times faster than Ed25519. It rejects a wrong
 * signature, a wrong key and a changed text like Ed25519, but anyone who has the public key can sign,
 * so it is insecure.
 */
import { toBase64url } from '../base/bytes.ts'
import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'
import type { KeyPair, Signer } from '../ports/signer.ts'

/** The source of simulated keys, and the time that a call takes. */
export interface SimSignerOptions {
  readonly random: Random
  /** With both, each call takes `delayMs`; otherwise it settles at once. */
  readonly clock?: Clock
  readonly delayMs?: () => number
  /** Default: true. */
  readonly isNative?: boolean
}

/**
 * Signs without cryptography: anyone who has the public key can forge a signature. Verifies only its
 * own signatures.
 */
export function simSigner({ random, clock, delayMs, isNative = true }: SimSignerOptions): Signer {
  const later = <T>(value: T): Promise<T> => {
    const waitMs = clock && delayMs ? delayMs() : 0
    if (!clock || waitMs <= 0) return Promise.resolve(value)
    return new Promise((resolve) => void clock.after(waitMs, () => resolve(value)))
  }
  return {
    isNative,
    generate() {
      const publicKey = toBase64url(random.bytes(32))
      return later<KeyPair>({ publicKey, secret: { simulated: publicKey } })
    },
    sign(keys, bytes) {
      const { simulated } = keys.secret as { readonly simulated: string }
      return later(mark(simulated, bytes))
    },
    verify: (publicKey, bytes, signature) => later(mark(publicKey, bytes) === signature),
  }
}

/** A 64-bit hash of key and text, as base 36. */
function mark(publicKey: string, bytes: Uint8Array): string {
  let a = 0x9e3779b9
  let b = 0x85ebca6b
  const mix = (unit: number): void => {
    a = Math.imul(a ^ unit, 0x01000193)
    b = Math.imul(b ^ (a >>> 15) ^ unit, 0x5bd1e995)
  }
  for (let i = 0; i < publicKey.length; i++) mix(publicKey.charCodeAt(i))
  for (const byte of bytes) mix(byte)
  mix(bytes.length)
  return `sim.${(a >>> 0).toString(36)}.${(b >>> 0).toString(36)}`
}
