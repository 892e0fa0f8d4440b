/** A store with the internals that devtools inspect. */
import type { Entry } from '../../history/entry.ts'
import type { ReplicaOptions } from '../options.ts'
import type { OpenQueries } from '../reads/queries.ts'
import type { Replica } from '../replica.ts'
import type { SyncStore } from '../store.ts'

export interface Inspected {
  readonly store: SyncStore
  readonly replica: Replica
  readonly queries: OpenQueries
  readonly options: ReplicaOptions
  /** Messages that became canonical since the devtools were attached, oldest first. */
  readonly recent: () => readonly Entry[]
}
