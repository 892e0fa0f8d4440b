/**
 * Marks of each space, stored beside the reviewer's key and apart from the data. They let a
 * reviewer detect data that it did not write last, such as a restored backup.
 */
import type { Uuid } from '../base/uuid.ts'

/** The end of the data of a space. */
export interface SpaceMark {
  /** The newest epoch that was opened. */
  readonly epoch: number
  /** The head at the last orderly end; null while a reviewer is open, and after one was killed. */
  readonly head: { readonly seq: number; readonly chain: string } | null
}

/** Where a reviewer keeps marks of its spaces, apart from their data. */
export interface SpaceMarks {
  get(space: Uuid): Promise<SpaceMark | undefined>
  /** Durable when it resolves. */
  put(space: Uuid, mark: SpaceMark): Promise<void>
}
