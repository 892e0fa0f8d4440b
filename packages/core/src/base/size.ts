/**
 * Sizes of text: the one place that counts UTF-8 bytes. A size is a branded number, so the compiler
 * rejects `text.length`, which counts UTF-16 code units, as a size.
 */

declare const unit: unique symbol

/** A number of UTF-8 bytes. */
export type Bytes = number & { readonly [unit]: 'UTF-8 bytes' }

export const NO_BYTES: Bytes = 0 as Bytes

/** A constant as a size. */
export function bytesOf(count: number): Bytes {
  return count as Bytes
}

/** The sum of two sizes is a size. */
export function addBytes(a: Bytes, b: Bytes): Bytes {
  return (a + b) as Bytes
}

/** UTF-8 bytes of a text, without encoding it. A lone surrogate counts 3, as it is encoded. */
export function utf8Bytes(text: string): Bytes {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x80) continue
    if (code < 0x800) bytes++
    else {
      bytes += 2
      // A pair is 2 code units and 4 bytes.
      if (isPair(text, i)) i++
    }
  }
  return bytes as Bytes
}

/** Whether a text has more than `max` bytes. Its length alone decides for most texts. */
export function isLongerThan(text: string, max: number): boolean {
  if (text.length > max) return true
  return text.length * 3 > max && utf8Bytes(text) > max
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** The bytes of a text as a JSON string, quotes and escapes included. */
export function jsonStringBytes(text: string): Bytes {
  let bytes = text.length + 2
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 0x20 && code < 0x80 && code !== QUOTE && code !== BACKSLASH) continue
    bytes += escapedBytes(text, i) - 1
    // A pair is 2 code units.
    if (isPair(text, i)) {
      bytes--
      i++
    }
  }
  return bytes as Bytes
}

/**
 * Cuts a text into pieces of at most `max` bytes each as JSON strings, without their quotes. A
 * surrogate pair is never cut. `max` is at least 6.
 */
export function cutForJson(text: string, max: number): readonly string[] {
  const pieces: string[] = []
  let from = 0
  let bytes = 0
  for (let i = 0; i < text.length; i += isPair(text, i) ? 2 : 1) {
    const size = escapedBytes(text, i)
    if (bytes + size > max) {
      pieces.push(text.slice(from, i))
      from = i
      bytes = 0
    }
    bytes += size
  }
  pieces.push(text.slice(from))
  return pieces
}

/** The bytes of the character at index `at` inside a JSON string. */
function escapedBytes(text: string, at: number): number {
  const code = text.charCodeAt(at)
  if (code < 0x20) return isShortEscape(code) ? 2 : 6
  if (code < 0x80) return code === QUOTE || code === BACKSLASH ? 2 : 1
  if (code < 0x800) return 2
  if (code < 0xd800 || code >= 0xe000) return 3
  return isPair(text, at) ? 4 : 6 // half of a pair is written as \ud83d
}

/** \b \t \n \f \r; other control characters are written as \u0001. */
function isShortEscape(code: number): boolean {
  return code >= 0x08 && code <= 0x0d && code !== 0x0b
}

function isPair(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  if (code < 0xd800 || code >= 0xdc00) return false
  const next = text.charCodeAt(at + 1)
  return next >= 0xdc00 && next < 0xe000
}
