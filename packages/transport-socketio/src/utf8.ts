/** How long a text is in UTF-8, told without encoding it whenever its length alone decides. */

/** True if `text` takes more than `bytesMax` bytes in UTF-8. */
export function utf8BytesExceed(text: string, bytesMax: number): boolean {
  if (text.length > bytesMax) return true
  // A UTF-16 unit takes three bytes at the most.
  if (text.length * 3 <= bytesMax) return false
  return new TextEncoder().encode(text).length > bytesMax
}
