/** What a watch saw of one entity last; what the invariants of replicas judge. */
import type { AnyRow } from '@countersign/core'
import type { EntityHistory } from './facts.ts'

export interface Sight {
  readonly history: EntityHistory
  readonly row: AnyRow | undefined
  /** The messages that the row is the fold of. */
  readonly mask: bigint
  /** The key of how it was read. */
  readonly reading: string
}
