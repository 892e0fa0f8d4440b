/**
 * A reviewer and authors with fixed keys, led by hand, every frame between them written down. Real
 * Ed25519, whose signatures are the same in each run; time and randomness have a seed.
 */
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import type { KeyPair, Signer } from '../src/ports/signer.ts'
import { memorySpaces } from '../src/ports/index.ts'
import type { Attached, Reviewer } from '../src/node/api.ts'
import type { Authenticate } from '../src/node/login.ts'
import { createReviewer } from '../src/node/reviewer.ts'
import { SeededRandom } from '../src/testing/seeded-random.ts'
import { VirtualClock } from '../src/testing/virtual-clock.ts'

/** What stands before the 32 bytes of an Ed25519 seed in its PKCS8 form, and of a key in its SPKI form. */
const PKCS8 = '302e020100300506032b657004220420'
const SPKI = '302a300506032b6570032100'

/** A secret is its seed, in hex. */
export function keysOf(seed: string): KeyPair {
  const key = createPublicKey(privateKey(seed)).export({ format: 'jwk' })
  return { publicKey: key.x!, secret: seed }
}

function privateKey(seed: string): ReturnType<typeof createPrivateKey> {
  const key = Buffer.from(PKCS8 + seed, 'hex')
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' })
}

/** The signature of a key over 32 bytes. */
export function signed(keys: KeyPair, bytes: Uint8Array): string {
  return sign(null, bytes, privateKey(keys.secret as string)).toString('base64url')
}

export function isSigned(publicKey: string, bytes: Uint8Array, sig: string): boolean {
  const der = Buffer.concat([Buffer.from(SPKI, 'hex'), Buffer.from(publicKey, 'base64url')])
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' })
  return verify(null, bytes, key, Buffer.from(sig, 'base64url'))
}

const signer: Signer = {
  isNative: true,
  generate: () => Promise.reject(new Error('keys are fixed here')),
  sign: (keys, bytes) => Promise.resolve(signed(keys, bytes)),
  verify: (publicKey, bytes, sig) => Promise.resolve(isSigned(publicKey, bytes, sig)),
}

/** One frame of one link, as it was sent. */
export interface SentFrame {
  readonly link: string
  readonly from: 'author' | 'reviewer'
  readonly text: string
}

export class Stage {
  readonly clock: VirtualClock
  readonly frames: SentFrame[] = []
  readonly #reviewer: Reviewer
  readonly #links = new Map<string, Attached>()

  static async open(space: string, keys: KeyPair, authenticate: Authenticate): Promise<Stage> {
    const clock = new VirtualClock()
    const random = new SeededRandom(11)
    const spaces = memorySpaces()
    const platform = { signer, clock, random }
    const reviewer = await createReviewer({ space, spaces, keys, authenticate, ...platform })
    return new Stage(clock, reviewer)
  }

  private constructor(clock: VirtualClock, reviewer: Reviewer) {
    this.clock = clock
    this.#reviewer = reviewer
  }

  /** Sends a frame over a link, new or not, and returns what the reviewer answers over it. */
  async send(link: string, text: string): Promise<readonly string[]> {
    this.frames.push({ link, from: 'author', text })
    const from = this.frames.length
    this.#attached(link).frame(text)
    await this.#settle()
    return this.frames.slice(from).flatMap((frame) => (frame.link === link ? [frame.text] : []))
  }

  close(): Promise<void> {
    return this.#reviewer.close()
  }

  #attached(link: string): Attached {
    const known = this.#links.get(link)
    if (known) return known
    const send = (text: string): void => void this.frames.push({ link, from: 'reviewer', text })
    const made = this.#reviewer.connect({ send, close: () => {} }, { address: link })
    this.#links.set(link, made)
    return made
  }

  /** A tenth of a second, and all that comes of it. */
  async #settle(): Promise<void> {
    const until = this.clock.monotonic() + 100
    for (;;) {
      for (let turn = 0; turn < 400; turn++) await Promise.resolve()
      const next = this.clock.nextMs
      if (next === undefined || next > until) break
      this.clock.step()
    }
    this.clock.after(until - this.clock.monotonic(), () => {})
    this.clock.step()
  }
}
