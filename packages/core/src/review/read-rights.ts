/**
 * Who may read a row: a function of the deployment, of whoever asks and of the row as a person sees it
 * who decides nothing. Rights that stand in the row change with it; when others change, the deployment
 * says so (`Reviewer.rightsChanged`).
 *
 * Whoever may not read a row may not write it either: a verdict would tell of it.
 */
import type { Uuid } from '../base/uuid.ts'
import { SCHEMA } from '../schema/system.ts'
import type { AnyRow } from '../schema/types.ts'
import type { Person } from './persons.ts'
import { RuleFailure, answered } from './rules.ts'
import type { DecisionBatch } from './space.ts'

/** Whoever would be shown a row. */
export interface ReadContext {
  /** As a login has proved it; undefined: nobody is known, whatever a client claims. */
  readonly person: Person | undefined
  /** Whether a login has proved that an author, such as `row.$createdBy`, is this person. */
  readonly samePerson: (this: void, authorId: Uuid) => boolean
  /** Name of the type of the row. */
  readonly entity: string
}

/** Whether somebody may read a row. Synchronous and pure; a row is visible whole, or not at all. */
export type CanRead = (context: ReadContext, row: AnyRow) => boolean

/** Published versions of types are everybody's. @throws RuleFailure, and Missing on a cache miss */
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
