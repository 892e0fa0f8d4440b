/** What a store does for who may erase. */
import type { Uuid } from '../base/uuid.ts'
import type { Entity } from '../schema/entity.ts'

export interface ErasingStore {
  /**
   * Erases the values of these fields of a row for everybody, or of all its fields, with all that they ever
   * were: at the reviewer, in its log, and in every store that hears of it. The row stays, names them in
   * `$redacted`, and may be written again. Resolves when the reviewer has nothing of them any more.
   * Rejects with `unavailable`, also for a person without the capability `erase`: `reason` says why.
   */
  erase<E extends Entity>(
    this: void,
    entity: E,
    id: Uuid,
    fields?: readonly (keyof E['~output'] & string)[],
  ): Promise<void>
}
