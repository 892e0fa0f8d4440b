/**
 * The right to read a row: a function of the deployment, over the person and the canonical row.
 * Rights that are fields of the row change with it; when others change, the deployment calls
 * `Reviewer.rightsChanged`.
 *
 * A person who may not read a row may not write it either: a verdict would reveal it.
 */
import type { Uuid } from '../base/uuid.ts'
import { SCHEMA } from '../schema/system.ts'
import type { AnyRow } from '../schema/types.ts'
import type { Person } from './persons.ts'
import { RuleFailure, answered } from './rules.ts'
import type { DecisionBatch } from './space.ts'

/** The person that a row would be sent to. */
export interface ReadContext {
  /** Proved by a login; undefined: no login, although the client may claim a person. */
  readonly person: Person | undefined
  /** Whether a login has proved that an author, such as `row.$createdBy`, is this person. */
  readonly samePerson: (this: void, authorId: Uuid) => boolean
  /** Name of the type of the row. */
  readonly entity: string
}

/** Whether a person may read a row. Synchronous and pure; a row is visible whole, or not at all. */
export type CanRead = (context: ReadContext, row: AnyRow) => boolean

/**
 * Every person may read published versions of types. @throws RuleFailure, and Missing on a cache
 * miss
 */
export function mayRead(
  person: Person | null,
  { type, row }: { readonly type: string; readonly row: AnyRow },
  { canRead, batch }: { readonly canRead: CanRead; readonly batch: DecisionBatch },
): boolean {
  if (type === SCHEMA.name) return true
  const known = person?.proved ? person : undefined
  const samePerson = (authorId: Uuid): boolean =>
    known !== undefined && batch.personOf(authorId) === known.id
  const answer: unknown = answered('canRead', batch, () =>
    canRead({ person: known, samePerson, entity: type }, row),
  )
  if (typeof answer === 'boolean') return answer
  throw new RuleFailure('canRead', 'it must return a boolean, synchronously')
}
