/** Keeps tokens and personal ids out of what is logged or shown. */

/** A text without these secrets, where they stand as words of their own. */
export function without(secrets: readonly (string | null | undefined)[], text: string): string {
  let left = text
  for (const secret of secrets) {
    if (!secret) continue
    const escaped = secret.replaceAll(/[$()*+.?[\\\]^{|}/-]/g, String.raw`\$&`)
    left = left.replaceAll(new RegExp(String.raw`(?<!\w)${escaped}(?!\w)`, 'g'), '…')
  }
  return left
}
