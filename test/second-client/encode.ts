// Owns: bytes. Canonical JSON, the two kinds of hash, ids in both lengths, signatures, the checksum
// (SPEC 2 and 19.1).

import {
  type KeyObject,
  createHash,
  createPrivateKey,
  createPublicKey,
  randomBytes,
  sign,
  verify,
} from 'node:crypto'
import { type Json, demand } from './refusal.ts'

const PRIVATE_KEY_DER = '302e020100300506032b657004220420'

/** BYTE2: RFC 8785. JavaScript prints numbers and texts as it asks; the keys go by code unit. */
export function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value).sort()
    return `{${keys.map((key) => `${canonical(key)}:${canonical(value[key]!)}`).join(',')}}`
  }
  if (typeof value === 'string') demand(value.isWellFormed(), 'BYTE1', 'half a surrogate pair')
  return JSON.stringify(value)
}

/** BYTE3: H, over a value. */
export function valueHash(tag: string, value: Json): string {
  return sha256(`${tag}\0${canonical(value)}`)
}

/** BYTE3: L, over texts that are joined. */
export function textHash(tag: string, ...texts: readonly string[]): string {
  return sha256(`${tag}\n${texts.join('')}`)
}

function sha256(content: string): string {
  return createHash('sha256').update(content, 'utf8').digest('base64url')
}

/** So many bytes in base64url, with zero in the unused bits (BYTE4, FACT2). */
export function isBytes(value: Json | undefined, bytes: number): value is string {
  if (typeof value !== 'string') return false
  const decoded = Buffer.from(value, 'base64url')
  return decoded.byteLength === bytes && decoded.toString('base64url') === value
}

export function hashText(value: Json | undefined, rule: string): string {
  demand(isBytes(value, 32), rule, 'not a hash')
  return value
}

export function randomText(bytes: number): string {
  return randomBytes(bytes).toString('base64url')
}

export function shortId(id: string): string {
  return Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url')
}

/** BYTE5: an id of 22 characters, as one of 36. */
export function longId(short: Json | undefined, rule: string): string {
  demand(isBytes(short, 16), rule, 'not an id')
  return uuidOf(Buffer.from(short, 'base64url'), rule)
}

function uuidOf(bytes: Uint8Array, rule: string): string {
  const hex = Buffer.from(bytes).toString('hex')
  const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  demand(/^.{14}[1-8].{4}[89ab]/.test(id), rule, 'not a uuid')
  return id
}

/** BYTE6. */
export function uuid8(hash: string): string {
  const bytes = Buffer.from(hash, 'base64url').subarray(0, 16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x80
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return uuidOf(bytes, 'BYTE6')
}

/** The first 128 bits of a hash (POS6). */
export function chainPrefix(hash: string): string {
  return Buffer.from(hash, 'base64url').subarray(0, 16).toString('base64url')
}

/** ID1. */
export function idOfKey(publicKey: string): string {
  return uuid8(valueHash('cs/whoami', publicKey))
}

/** ID3: `t` hashed, then the counter spread over what is left of 128 bits. */
export function mintedId(session: readonly [string, string, string], counter: number): string {
  const t = Buffer.from(valueHash('cs/entity', [...session]), 'base64url')
  const bits = BigInt(`0x${t.subarray(0, 10).toString('hex')}`)
  const high = (((bits >> 32n) << 4n) | 8n) << 12n
  const first = high | ((bits >> 20n) & 0xfffn)
  const second = (2n << 62n) | ((bits & 0xfffffn) << 42n) | BigInt(counter)
  const hex = ((first << 64n) | second).toString(16).padStart(32, '0')
  return uuidOf(Buffer.from(hex, 'hex'), 'ID3')
}

export interface Key {
  readonly publicKey: string
  /** BYTE7: signs the 32 bytes of a hash. */
  sign(hash: string): string
}

/** An Ed25519 key from the 32 bytes of its seed. */
export function keyFrom(seed: Uint8Array = randomBytes(32)): Key {
  const der = Buffer.concat([Buffer.from(PRIVATE_KEY_DER, 'hex'), seed])
  const secret = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  return {
    publicKey: createPublicKey(secret).export({ format: 'jwk' }).x!,
    sign: (hash) => sign(null, Buffer.from(hash, 'base64url'), secret).toString('base64url'),
  }
}

export function isSigned(hash: string, signature: Json | undefined, publicKey: string): boolean {
  if (!isBytes(signature, 64) || !isBytes(publicKey, 32)) return false
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: publicKey }
  const key: KeyObject = createPublicKey({ key: jwk, format: 'jwk' })
  return verify(null, Buffer.from(hash, 'base64url'), key, Buffer.from(signature, 'base64url'))
}

/** PART2: names the series of a frame in parts. */
export function checksum(content: string): string {
  let a = 0xdeadbeef
  let b = 0x41c6ce57
  for (let at = 0; at < content.length; at += 1) {
    const unit = content.charCodeAt(at)
    a = Math.imul(a ^ unit, 0x9e3779b1)
    b = Math.imul(b ^ unit, 0x5f356495)
  }
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35)
  b = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35)
  return ((b >>> 0) * 2 ** 21 + (a & 0x1fffff)).toString(36)
}
