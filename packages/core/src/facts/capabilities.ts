/** What a reviewer may allow a person in a space. A reviewer asks its deployment; stores show the answer. */

/**
 * - `read`: the link gets the space.
 * - `write`: messages that create, update, archive or resolve rows.
 * - `migrate`: messages that rewrite rows in a newer version of their type.
 * - `publish`: messages that publish versions of types, and corrections of them.
 * - `erase`: erasing values of rows, for everybody and for good.
 * - `review`: for elections, which are not built yet; nothing asks for it today.
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
