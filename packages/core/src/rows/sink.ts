/** Receives the changed rows of a type (indexes, live queries). */
import type { AnyRow } from '../schema/types.ts'

export interface RowSink {
  /**
   * One row was replaced. Called while a message is being applied, after the table holds `after`:
   * the receiver updates its own state and notifies no subscriber yet.
   */
  changed(before: AnyRow | undefined, after: AnyRow | undefined): void
  /**
   * The message is applied: notifies each affected subscriber once. Errors of listeners go to
   * `onError`.
   */
  emit(onError: (error: unknown) => void): void
}
