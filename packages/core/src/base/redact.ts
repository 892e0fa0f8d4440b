/** Removes tokens and personal ids from texts that are logged or shown. */

/** The text with each of these secrets replaced by `…`, where it is a whole word. */
export function without(secrets: readonly (string | null | undefined)[], text: string): string {
  let left = text
  for (const secret of secrets) {
    if (!secret) continue
    const escaped = secret.replaceAll(/[$()*+.?[\\\]^{|}/-]/g, String.raw`\$&`)
    left = left.replaceAll(new RegExp(String.raw`(?<!\w)${escaped}(?!\w)`, 'g'), '…')
  }
  return left
}
