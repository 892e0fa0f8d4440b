/** A stored value that this build cannot show as one of its own: kept, passed on, never guessed at. */
import type { Json } from '../base/json.ts'

/**
 * Stands in a row in the place of such a value.
 *
 *   invalid   the value has no form in this build's version
 *   opaque    it was written in a version whose steps this build does not know
 */
export class Unreadable {
  readonly kind: 'invalid' | 'opaque'
  /** What the author wrote, in the version that they wrote it in. */
  readonly raw: Json
  readonly version: number
  /** The version a build must know to read it. */
  readonly needs: number

  constructor(kind: 'invalid' | 'opaque', raw: Json, versions: { version: number; needs: number }) {
    this.kind = kind
    this.raw = raw
    this.version = versions.version
    this.needs = versions.needs
    Object.freeze(this)
  }
}

/** Whether a field of a row holds a value that this build cannot read. */
export function isUnreadable(value: unknown): value is Unreadable {
  return value instanceof Unreadable
}
