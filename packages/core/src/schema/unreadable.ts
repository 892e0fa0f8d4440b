/** A stored value that this build cannot read: it is kept and forwarded unchanged. */
import type { Json } from '../base/json.ts'

/** What would make the value readable; a part that does not apply is undefined. */
interface Missing {
  readonly version?: number
  readonly needs?: number
  readonly key?: string
}

/**
 * Replaces such a value in a row.
 *
 *   invalid   the value cannot be translated to this build's version, or does not fit its schema
 *   opaque    it was written in a version whose steps this build does not know
 *   locked    it is encrypted, and its key is not on this device
 */
export class Unreadable {
  readonly kind: 'invalid' | 'opaque' | 'locked'
  /** The stored value, in the version of its author. */
  readonly raw: Json
  readonly version: number | undefined
  /** The version that a build must know to read it. */
  readonly needs: number | undefined
  /** Id of the key that a device must have to read it. */
  readonly key: string | undefined

  constructor(kind: Unreadable['kind'], raw: Json, { version, needs, key }: Missing) {
    this.kind = kind
    this.raw = raw
    this.version = version
    this.needs = needs
    this.key = key
    Object.freeze(this)
  }
}

/** Whether a field of a row holds a value that this build cannot read. */
export function isUnreadable(value: unknown): value is Unreadable {
  return value instanceof Unreadable
}
