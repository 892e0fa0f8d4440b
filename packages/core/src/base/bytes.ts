/** Bytes as text: base64url without padding, hex. Pure, without platform globals. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const CODES = Array.from(ALPHABET, (digit) => digit.charCodeAt(0))
const REVERSE = new Int16Array(128).fill(-1)
for (let i = 0; i < 64; i++) REVERSE[ALPHABET.charCodeAt(i)] = i

/** Bytes of one call: it takes an argument for each character. A multiple of 3. */
const PIECE_BYTES = 3_072

/** Base64url without padding (RFC 4648, section 5). */
export function toBase64url(bytes: Uint8Array): string {
  let text = ''
  for (let from = 0; from < bytes.length; from += PIECE_BYTES)
    text += pieceOf(bytes, from, Math.min(from + PIECE_BYTES, bytes.length))
  return text
}

/** All characters at once: added one by one they are a chain of strings, ten times as large. */
function pieceOf(bytes: Uint8Array, from: number, to: number): string {
  const codes: number[] = []
  for (let i = from; i < to; i += 3) {
    const left = to - i
    const word =
      (bytes[i]! << 16) | ((left > 1 ? bytes[i + 1]! : 0) << 8) | (left > 2 ? bytes[i + 2]! : 0)
    codes.push(CODES[word >> 18]!, CODES[(word >> 12) & 63]!)
    if (left > 1) codes.push(CODES[(word >> 6) & 63]!)
    if (left > 2) codes.push(CODES[word & 63]!)
  }
  return String.fromCharCode(...codes)
}

/** The bytes of a base64url text of the one form that `toBase64url` writes, or undefined. */
export function fromBase64url(text: string): Uint8Array | undefined {
  const rest = text.length % 4
  if (rest === 1) return undefined
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  let bits = 0
  let word = 0
  let at = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const digit = code < 128 ? REVERSE[code]! : -1
    if (digit < 0) return undefined
    word = (word << 6) | digit
    bits += 6
    if (bits >= 8) {
      bits -= 8
      bytes[at++] = (word >> bits) & 255
      word &= (1 << bits) - 1
    }
  }
  return word === 0 ? bytes : undefined
}

const HEX: string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Lower-case hexadecimal, two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += HEX[byte]!
  return text
}
