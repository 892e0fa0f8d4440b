/** What a reviewer may allow a person in a space. A reviewer asks its deployment; stores show the answer. */

/**
 * - `read`: the link gets the space.
 * - `write`: messages that create, update, archive or resolve rows.
 * - `migrate`: messages that rewrite rows in a newer version of their type.
 * - `publish`: messages that publish versions of types, and corrections of them.
 * - `review`: to review in the place of home while it is away (`mayReview`).
 * - `erase`: erasing values of rows, for everybody and for good.
 */
export type Capability = 'read' | 'write' | 'review' | 'migrate' | 'publish' | 'erase'

/** Every `Capability`, to validate untrusted text. */
export const CAPABILITIES: readonly Capability[] = [
  'read',
  'write',
  'review',
  'migrate',
  'publish',
  'erase',
]

/**
 * Whether a login may review in the place of home: it has `review`, and all that the messages of others
 * may need, as who reviews reads and decides them. `may`: as the reviewer has said it to this link.
 */
export function mayReview(may: readonly Capability[] | undefined): boolean {
  return (['review', 'read', 'write'] as const).every((each) => may?.includes(each) === true)
}
