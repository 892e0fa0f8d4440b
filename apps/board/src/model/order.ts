/**
 * The number of an issue: a short form of its `$createdOrderKey`, which the reviewer assigns like an
 * autoincrement.
 *
 *   000001 . 0000000002a . 003      epoch . sequence . place within the message
 */

/** `#42`, `#42.3` for the fourth of one message, `2/42` after a second epoch; undefined while pending. */
export function shortNumber(orderKey: string): string | undefined {
  const match = /^([0-9a-f]{6})\.?([0-9a-f]{11})\.?([0-9a-f]{3})$/.exec(orderKey)
  if (!match) return undefined
  const [epoch, sequence, place] = match.slice(1).map((part) => Number.parseInt(part, 16))
  return `${epoch! > 1 ? `${epoch}/` : ''}${sequence}${place! > 0 ? `.${place! + 1}` : ''}`
}
