/** How the rows of a type reach whoever keeps something in order by them (indexes, live queries). */
import type { AnyRow } from '../schema/types.ts'

export interface RowSink {
  /**
   * One row was replaced. Called while the message is being applied, after the table holds `after`:
   * the receiver brings its own state up to date and tells nobody yet.
   */
  changed(before: AnyRow | undefined, after: AnyRow | undefined): void
  /** The message is applied in full: tell each touched subscriber once. Listeners that throw go to `onError`. */
  emit(onError: (error: unknown) => void): void
}
