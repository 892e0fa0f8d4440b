/**
 * The platform of a replica: time, randomness, signatures, locks. Reads globals when a store is
 * created, never at import; so do `clock.ts` and `client.ts`, and no other file of core.
 */
import { fromBase64url, toBase64url } from '../../base/bytes.ts'
import type { OpenChannel } from '../../ports/channel.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Locks } from '../../ports/locks.ts'
import type { Random } from '../../ports/random.ts'
import type { KeyPair, Signer } from '../../ports/signer.ts'
import { systemClock } from './clock.ts'
import { type NodeLike, installNativeHash } from './native-hash.ts'
import type { PureEd25519 } from './pure-ed25519.ts'
import { type PageGlobals, broadcast, isHidden, onHide } from './page-life.ts'

/** The platform services that a store uses. Tests inject deterministic twins. */
export interface Platform {
  readonly clock: Clock
  readonly random: Random
  readonly signer: Signer
  readonly locks: Locks
  /** Calls `listener` when the page is hidden, frozen or left, and may be discarded. Returns a function that unsubscribes. */
  readonly onHide?: ((listener: () => void) => () => void) | undefined
  /** Whether the page is hidden now. Absent: it never is. */
  readonly isHidden?: (() => boolean) | undefined
  /** A channel to the other tabs of this origin. Absent: a tab sees the writes of others once they are accepted. */
  readonly channel?: OpenChannel | undefined
  /** The id of this tab, stable across reloads, for identities per tab. */
  readonly tabId: () => string
  /** Logs a warning for developers; undefined in production. */
  readonly warn?: ((text: string) => void) | undefined
}

/** The globals that are used, as browsers and Node have them. Core has no DOM types. */
interface Globals extends PageGlobals, NodeLike {
  readonly crypto: {
    getRandomValues(bytes: Uint8Array): Uint8Array
    readonly subtle?: SubtleLike
  }
  readonly console: { warn(text: string): void }
  readonly navigator?: { readonly locks?: LockManagerLike }
  readonly sessionStorage?: {
    getItem(key: string): string | null
    setItem(key: string, value: string): void
  }
}

interface SubtleLike {
  generateKey(
    algorithm: string,
    extractable: boolean,
    usages: string[],
  ): Promise<{ publicKey: unknown; privateKey: unknown }>
  exportKey(format: 'raw', key: unknown): Promise<ArrayBuffer>
  importKey(
    format: 'raw',
    bytes: Uint8Array,
    algorithm: string,
    extractable: boolean,
    usages: string[],
  ): Promise<unknown>
  sign(algorithm: string, key: unknown, bytes: Uint8Array): Promise<ArrayBuffer>
  verify(
    algorithm: string,
    key: unknown,
    signature: Uint8Array,
    bytes: Uint8Array,
  ): Promise<boolean>
}

interface LockManagerLike {
  request(
    name: string,
    options: { ifAvailable: boolean },
    holder: (lock: unknown) => Promise<void> | undefined,
  ): Promise<unknown>
}

/** The platform of this browser or Node process. Missing services are absent, or throw when called. */
export function defaultPlatform(): Platform {
  return platformWith(systemClock())
}

/** The default platform, with that clock. */
export function platformWith(clock: Clock): Platform {
  const globals = globalThis as unknown as Globals
  installNativeHash(globals)
  const random = systemRandom(globals)
  return {
    clock,
    random,
    signer: ed25519(globals, random, clock),
    locks: globals.navigator?.locks ? webLocks(globals.navigator.locks) : processLocks(),
    onHide: onHide(globals),
    isHidden: isHidden(globals),
    channel: broadcast(globals),
    tabId: () => tabId(globals, random),
    warn: isDevelopment() ? (text) => globals.console.warn(text) : undefined,
  }
}

/** Replaced by bundlers; a page without a bundler has no `process`. */
declare const process: { readonly env: { readonly NODE_ENV?: string } }

function isDevelopment(): boolean {
  try {
    return process.env.NODE_ENV !== 'production' && process.env.NODE_ENV !== 'test'
  } catch {
    return false
  }
}

const POOL_BYTES = 4_096

/** Reads system randomness in blocks, because a flush needs a salt for each change. */
function systemRandom(globals: Globals): Random {
  let pool = new Uint8Array(0)
  let used = 0
  return {
    bytes(count) {
      if (count > POOL_BYTES) return globals.crypto.getRandomValues(new Uint8Array(count))
      if (used + count > pool.length) {
        pool = globals.crypto.getRandomValues(new Uint8Array(POOL_BYTES)) as Uint8Array<ArrayBuffer>
        used = 0
      }
      const bytes = pool.slice(used, used + count)
      pool.fill(0, used, used + count)
      used += count
      return bytes
    },
    unit: () => Math.random(),
  }
}

/**
 * Ed25519 by WebCrypto with non-extractable keys; where the platform lacks it (older browsers,
 * pages without a secure context), the pure implementation of @noble/ed25519, loaded on demand. It
 * blocks the thread for milliseconds, so its checks run after the next paint.
 */
function ed25519(globals: Globals, random: Random, clock: Clock): Signer {
  const { subtle } = globals.crypto
  let isNative = subtle !== undefined
  const painted = (): Promise<void> =>
    new Promise((resolve) => {
      if (clock.afterPaint) clock.afterPaint(resolve)
      else clock.after(0, resolve)
    })
  const keys = new Map<string, Promise<unknown>>()
  const imported = (publicKey: string, raw: Uint8Array): Promise<unknown> => {
    let key = keys.get(publicKey)
    if (!key) {
      if (keys.size > 1_000) keys.clear()
      // Called only where `subtle` exists.
      keys.set(publicKey, (key = subtle!.importKey('raw', raw, 'Ed25519', true, ['verify'])))
    }
    return key
  }
  return {
    get isNative() {
      return isNative
    },
    async generate() {
      try {
        if (!subtle) throw new Error('no WebCrypto')
        const pair = await subtle.generateKey('Ed25519', false, ['sign', 'verify'])
        const raw = new Uint8Array(await subtle.exportKey('raw', pair.publicKey))
        return { publicKey: toBase64url(raw), secret: pair.privateKey }
      } catch {
        const pure = await pureEd25519()
        const secret = random.bytes(32)
        return { publicKey: toBase64url(pure.getPublicKey(secret)), secret }
      }
    },
    async sign(pair: KeyPair, bytes) {
      if (pair.secret instanceof Uint8Array)
        return toBase64url((await pureEd25519()).sign(bytes, pair.secret))
      // `subtle` generated this secret.
      return toBase64url(new Uint8Array(await subtle!.sign('Ed25519', pair.secret, bytes)))
    },
    async verify(publicKey, bytes, signature) {
      const key = fromBase64url(publicKey)
      const sig = fromBase64url(signature)
      if (key?.length !== 32 || sig?.length !== 64) return false
      try {
        if (!subtle) throw new Error('no WebCrypto')
        return await subtle.verify('Ed25519', await imported(publicKey, key), sig, bytes)
      } catch {
        try {
          const pure = await pureEd25519()
          await painted()
          const isRight = pure.verify(sig, bytes, key)
          // The platform refused a valid key: it lacks Ed25519.
          if (isRight) isNative = false
          return isRight
        } catch {
          return false
        }
      }
    },
  }
}

async function pureEd25519(): Promise<PureEd25519> {
  return (await import('./pure-ed25519.ts')).pureEd25519()
}

function webLocks(manager: LockManagerLike): Locks {
  return {
    tryAcquire: (name) =>
      new Promise((resolve, reject) => {
        manager
          .request(name, { ifAvailable: true }, (lock) => {
            if (!lock) {
              resolve(undefined)
              return undefined
            }
            return new Promise<void>((release) => resolve(release))
          })
          .catch(reject)
      }),
  }
}

const held = new Set<string>()

/** Locks between the stores of one process, where the platform has no Web Locks. */
function processLocks(): Locks {
  return {
    tryAcquire: (name) => {
      if (held.has(name)) return Promise.resolve(undefined)
      held.add(name)
      return Promise.resolve(() => void held.delete(name))
    },
  }
}

function tabId(globals: Globals, random: Random): string {
  const fresh = (): string => toBase64url(random.bytes(12))
  try {
    const kept = globals.sessionStorage?.getItem('countersign:tab')
    const id = kept ?? fresh()
    globals.sessionStorage?.setItem('countersign:tab', id)
    return id
  } catch {
    return fresh() // storage may be forbidden to this page
  }
}
