/** A stored value that this build cannot read: it is kept and forwarded unchanged. */
import type { Json } from '../base/json.ts'

/**
 * Replaces such a value in a row.
 *
 *   invalid   the value cannot be translated to this build's version
 *   opaque    it was written in a version whose steps this build does not know
 */
export class Unreadable {
  readonly kind: 'invalid' | 'opaque'
  /** The stored value, in the version of its author. */
  readonly raw: Json
  readonly version: number
  /** The version that a build must know to read it. */
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
