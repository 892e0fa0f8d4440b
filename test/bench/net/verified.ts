/**
 * What verification costs a reader: the signatures that its store has verified are kept, and verified
 * once more when the work is over, one after the other and by the same code, with nothing else to do.
 */
import { defaultPlatform } from '@countersign/core'
import { toBase64url } from '@countersign/core/ports'
import { must } from '../figure.ts'

/** What was verified since it was asked for last. */
export interface Verified {
  readonly count: number
  /** Time on the processor of all threads to verify it, in ms. */
  readonly cpuMs: number
}

type Kept = readonly [publicKey: CryptoKey, bytes: Uint8Array, sig: Uint8Array]

let kept: Kept[] | undefined

/** Keeps from now on what this process verifies. */
function keep(): void {
  const { subtle } = globalThis.crypto
  const verify = subtle.verify.bind(subtle)
  Object.defineProperty(subtle, 'verify', {
    value: (
      algorithm: string,
      key: CryptoKey,
      sig: Uint8Array<ArrayBuffer>,
      bytes: Uint8Array<ArrayBuffer>,
    ) => {
      kept?.push([key, bytes, sig])
      return verify(algorithm, key, sig, bytes)
    },
  })
}

/** Verifies once more what was verified since the last call, of which the first one begins to keep it. */
export async function verifiedAgain(): Promise<Verified> {
  const isFirst = kept === undefined
  const last = kept ?? []
  kept = []
  if (isFirst) keep()
  const { subtle } = globalThis.crypto
  const { signer } = defaultPlatform()
  const texts: (readonly [publicKey: string, bytes: Uint8Array, sig: string])[] = []
  for (const [key, bytes, sig] of last) {
    const raw = new Uint8Array(await subtle.exportKey('raw', key))
    texts.push([toBase64url(raw), bytes, toBase64url(sig)])
  }
  const before = process.cpuUsage()
  for (const text of texts) must(await signer.verify(...text), 'a signature holds')
  const { user, system } = process.cpuUsage(before)
  kept = []
  return { count: last.length, cpuMs: (user + system) / 1_000 }
}
