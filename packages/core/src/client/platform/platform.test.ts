/** Signatures of the default platform: by the platform itself, and where it has no Ed25519. */
import { afterEach, expect, test, vi } from 'vitest'
import { toBase64url } from '../../base/bytes.ts'
import { defaultPlatform } from './platform.ts'

const BYTES = new Uint8Array(32).fill(7)
const { subtle } = crypto

const script = vi.hoisted(() => ({ loads: 0 }))
vi.mock('./pure-ed25519.ts', async (original) => {
  script.loads++
  return await original<object>()
})

afterEach(() => vi.unstubAllGlobals())

/** The platform as it would be with that part of WebCrypto. */
function platformWith(parts: object | undefined): ReturnType<typeof defaultPlatform> {
  const getRandomValues = crypto.getRandomValues.bind(crypto)
  vi.stubGlobal('crypto', { getRandomValues, subtle: parts })
  return defaultPlatform()
}

const lacks = (): Promise<never> =>
  Promise.reject(new DOMException('unknown algorithm', 'NotSupportedError'))
const OLD = { generateKey: lacks, importKey: lacks, sign: lacks, verify: lacks }

test('a platform with Ed25519 loads no script for it', async () => {
  const { signer } = defaultPlatform()
  const keys = await signer.generate()
  const sig = await signer.sign(keys, BYTES)
  expect(await signer.verify(keys.publicKey, BYTES, sig)).toBe(true)
  expect(await signer.verify(keys.publicKey, new Uint8Array(32), sig)).toBe(false)
  expect(script.loads).toBe(0)
})

test('a platform with Ed25519 is native, and an odd key changes nothing', async () => {
  const { signer } = defaultPlatform()
  const keys = await signer.generate()
  const sig = await signer.sign(keys, BYTES)
  expect(await signer.verify(keys.publicKey, BYTES, sig)).toBe(true)
  expect(await signer.verify(toBase64url(new Uint8Array(32).fill(255)), BYTES, sig)).toBe(false)
  expect(await signer.verify('short', BYTES, sig)).toBe(false)
  expect(signer.isNative).toBe(true)
})

test('GATE11 a platform whose WebCrypto lacks Ed25519 is not native, as its first check shows', async () => {
  const { signer } = platformWith(OLD)
  const keys = await signer.generate()
  const sig = await signer.sign(keys, BYTES)
  expect(await signer.verify(keys.publicKey, BYTES, toBase64url(new Uint8Array(64)))).toBe(false)
  expect(signer.isNative).toBe(true)
  expect(await signer.verify(keys.publicKey, BYTES, sig)).toBe(true)
  expect(signer.isNative).toBe(false)
  expect(script.loads).toBe(1)
  // What it has signed holds elsewhere.
  vi.unstubAllGlobals()
  expect(crypto.subtle).toBe(subtle)
  expect(await defaultPlatform().signer.verify(keys.publicKey, BYTES, sig)).toBe(true)
})

test('GATE11 a page without WebCrypto is not native', async () => {
  const { signer } = platformWith(undefined)
  expect(signer.isNative).toBe(false)
  const keys = await signer.generate()
  const sig = await signer.sign(keys, BYTES)
  expect(await signer.verify(keys.publicKey, BYTES, sig)).toBe(true)
})

test('GATE11 a check by script comes after the paint of what is shown', async () => {
  const frames: (() => void)[] = []
  vi.stubGlobal('requestAnimationFrame', (task: () => void) => frames.push(task))
  vi.stubGlobal('cancelAnimationFrame', () => {})
  const { signer } = platformWith(OLD)
  const keys = await signer.generate()
  const sig = await signer.sign(keys, BYTES)
  let isChecked = false
  const check = signer.verify(keys.publicKey, BYTES, sig).then(() => (isChecked = true))
  await vi.waitFor(() => expect(frames.length).toBe(1))
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(isChecked).toBe(false)
  frames[0]!()
  await check
  expect(isChecked).toBe(true)
})
