import { webcrypto } from 'node:crypto'
import { expect, test } from 'vitest'
import { nodeSigner, secretOf } from './signer.ts'

const signer = nodeSigner()
const bytes = new TextEncoder().encode('what was signed')

test('keys are 32 public bytes and a secret that JSON and structured clone can carry', async () => {
  const keys = await signer.generate()
  expect(keys.publicKey).toMatch(/^[A-Za-z0-9_-]{43}$/)
  expect(Buffer.from(keys.publicKey, 'base64url')).toHaveLength(32)
  const carried = JSON.parse(JSON.stringify(structuredClone(keys)))
  const signature = await signer.sign(carried, bytes)
  expect(await signer.verify(keys.publicKey, bytes, signature)).toBe(true)
})

test('BYTE7 a signature holds for its bytes and its key only', async () => {
  const [mine, other] = [await signer.generate(), await signer.generate()]
  const signature = await signer.sign(mine, bytes)
  expect(signature).toMatch(/^[A-Za-z0-9_-]{86}$/)
  expect(await signer.verify(mine.publicKey, bytes, signature)).toBe(true)
  expect(await signer.verify(other.publicKey, bytes, signature)).toBe(false)
  expect(await signer.verify(mine.publicKey, bytes.subarray(1), signature)).toBe(false)
  expect(await signer.verify(mine.publicKey, bytes, await signer.sign(other, bytes))).toBe(false)
})

test('WebCrypto and this signer verify each other', async () => {
  const keys = await signer.generate()
  const imported = await webcrypto.subtle.importKey(
    'raw',
    Buffer.from(keys.publicKey, 'base64url'),
    'Ed25519',
    true,
    ['verify'],
  )
  const signature = Buffer.from(await signer.sign(keys, bytes), 'base64url')
  expect(await webcrypto.subtle.verify('Ed25519', imported, signature, bytes)).toBe(true)

  const pair = (await webcrypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as {
    privateKey: webcrypto.CryptoKey
    publicKey: webcrypto.CryptoKey
  }
  const raw = await webcrypto.subtle.exportKey('raw', pair.publicKey)
  const theirs = await webcrypto.subtle.sign('Ed25519', pair.privateKey, bytes)
  const text = (buffer: ArrayBuffer): string => Buffer.from(buffer).toString('base64url')
  expect(await signer.verify(text(raw), bytes, text(theirs))).toBe(true)
})

test('BYTE7 malformed keys and signatures are false, never an error', async () => {
  const keys = await signer.generate()
  const signature = await signer.sign(keys, bytes)
  const badKeys = [
    '',
    'x',
    'A'.repeat(43),
    '_'.repeat(42) + '8',
    keys.publicKey + 'A',
    '!'.repeat(43),
  ]
  for (const key of badKeys) expect(await signer.verify(key, bytes, signature)).toBe(false)
  // The last character carries spare bits: another text for the same bytes is malformed as well.
  const spare = signature.slice(0, -1) + { A: 'B', Q: 'R', g: 'h', w: 'x' }[signature.at(-1)!]
  const badSignatures = [
    '',
    'x',
    `${signature}=`,
    `${signature}A`,
    spare,
    signature.slice(1),
    '!'.repeat(86),
  ]
  for (const bad of badSignatures) {
    expect(await signer.verify(keys.publicKey, bytes, bad)).toBe(false)
  }
})

test('a secret that is damaged or of another pair is refused', async () => {
  const [mine, other] = [await signer.generate(), await signer.generate()]
  expect(() => secretOf({ publicKey: mine.publicKey, secret: other.secret })).toThrow(/belong/)
  expect(() => secretOf({ publicKey: mine.publicKey, secret: 7 })).toThrow(TypeError)
  expect(() => secretOf({ publicKey: mine.publicKey, secret: 'AAAA' })).toThrow(/./)
})
