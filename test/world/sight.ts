/** The last view that a watch has of one entity, which the invariants of replicas check. */
import type { AnyRow } from '@countersign/core'
import type { EntityHistory } from './facts.ts'

export interface Sight {
  readonly history: EntityHistory
  readonly row: AnyRow | undefined
  /** The messages that the row is the fold of. */
  readonly mask: bigint
  /** The key of the reading (`reading.ts`). */
  readonly reading: string
}
