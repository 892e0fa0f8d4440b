/** A store with the internals that devtools inspect. */
import type { ReplicaOptions } from '../options.ts'
import type { OpenQueries } from '../reads/queries.ts'
import type { Replica } from '../replica.ts'
import type { SyncStore } from '../store.ts'

export interface Inspected {
  readonly store: SyncStore
  readonly replica: Replica
  readonly queries: OpenQueries
  readonly options: ReplicaOptions
}
