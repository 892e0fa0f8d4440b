/** The way from a query with `include` to the code that reads references, which comes with a declaration. */
import { isPlainObject, refuse } from '../../query/filter.ts'
import type { FieldSchema } from '../../schema/codec.ts'
import type { Entity } from '../../schema/entity.ts'
import type { Query } from '../../schema/types.ts'
import type { LiveQuery, QueryResult, SyncStore } from '../store.ts'

/** The names of the types that references name, by field. */
export type References = ReadonlyMap<string, string>

/** What reads the rows that references name (`include.ts`). */
export interface IncludeCode {
  once(store: SyncStore, result: QueryResult<Entity>, refs: References): QueryResult<Entity>
  live(store: SyncStore, inner: LiveQuery<Entity>, refs: References): LiveQuery<Entity>
}

/** A query in two parts: what rows it has, and what is read along with them. */
export interface Including {
  readonly plain: Query<Entity>
  readonly refs: References
  readonly code: IncludeCode
}

/**
 * The parts of a query; undefined without `include`.
 * @throws CountersignError `invalid` for a field that is no reference.
 */
export function includingIn(entity: Entity, query: object): Including | undefined {
  if (!isPlainObject(query) || !('include' in query)) return undefined
  const { include, ...plain } = query
  if (!isPlainObject(include)) refuse(entity, undefined, 'include is an object of references')
  const refs = new Map<string, string>()
  let code: unknown
  for (const [name, given] of Object.entries(include)) {
    const field = entity.fieldOf(name)
    const schema = given === true ? field?.schema : (given as FieldSchema | undefined)
    const found = schema?.['~reference'] ?? schema?.['~optional']?.['~reference']
    if (!field || !found)
      refuse(entity, name, 'include takes references: declare it by reference()')
    refs.set(name, found.to)
    code = found.include
  }
  if (!code) refuse(entity, undefined, 'include names no field')
  return { plain, refs, code: code as IncludeCode }
}
