/** A sealed flush of own messages: the unit of sealing, storing and offering. */
import type { Uuid } from '../base/uuid.ts'
import type { Entry } from '../history/entry.ts'

export interface Flush {
  /** Names the flush in the storage. */
  readonly key: string
  readonly entries: readonly Entry[]
  /** Session line, head line, lines: the same text is stored and offered. */
  readonly text: string
  readonly sig: string
  readonly sessionId: Uuid
}
