/**
 * What an app gives a store that follows scopes in place of the whole space. A door of its own: an app
 * without it does not load the code of scopes at once.
 */
import { SCHEMA_NAME } from '../../schema/entity.ts'
import { Scopes } from '../../sync/scopes.ts'
import { Following, type FollowingParts } from './following.ts'

/** The scopes of a store, and the queries that follow them. */
export interface FollowedScope {
  /** @internal */
  scopes(): Scopes
  /** @internal */
  following(parts: FollowingParts): Following
}

/**
 * The option `scope` of a store that keeps up to date the rows of open live queries and of
 * `store.follow`, and no others. `complete` of a result shows whether it has all rows.
 */
export const followed: FollowedScope = {
  // The versions of all types: rows cannot be read without them.
  scopes: () => new Scopes([SCHEMA_NAME]),
  following: (parts) => new Following(parts),
}
