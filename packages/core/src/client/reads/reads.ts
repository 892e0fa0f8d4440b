/** What the functions of this library that read a store use of it, beside its public interface. */
import type { Clock } from '../../ports/clock.ts'
import type { QueryEngine } from '../../query/engine.ts'
import type { Entity } from '../../schema/entity.ts'
import type { Scopes } from '../../sync/scopes.ts'
import type { SyncStore } from '../store.ts'
import type { Coverage, OpenQueries } from './queries.ts'
import type { TypeReading } from './scopes-of.ts'

/** The insides of one store. */
export interface Reads {
  /** @throws CountersignError `unknown_type` */
  readonly engine: (entity: Entity) => QueryEngine
  readonly reading: (entity: Entity) => TypeReading
  /** Of the whole space. */
  readonly standing: Coverage
  /** What is followed; undefined: the whole space. */
  readonly scopes: Scopes | undefined
  readonly clock: Pick<Clock, 'after'>
  readonly open: OpenQueries
  /** Called with errors that subscribers throw. */
  readonly onError: (error: unknown) => void
}

/** The insides of a store of this library. */
export function readsOf(store: SyncStore): Reads {
  return store['~reads'] as Reads
}
