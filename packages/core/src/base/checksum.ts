/**
 * A 53-bit checksum for records on disk. It detects a torn or corrupt record; it does not resist an
 * attacker. Data that an attacker could change is hashed and signed.
 */

export function checksum(text: string): string {
  let a = 0xdeadbeef
  let b = 0x41c6ce57
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    a = Math.imul(a ^ unit, 0x9e3779b1)
    b = Math.imul(b ^ unit, 0x5f356495)
  }
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35)
  b = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35)
  return ((b >>> 0) * 2_097_152 + ((a >>> 0) & 0x1f_ffff)).toString(36)
}
