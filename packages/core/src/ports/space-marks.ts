/**
 * What is kept of each space beside the reviewer's key, apart from its data: by it a reviewer notices
 * that its data are not those that it wrote last.
 */
import type { Uuid } from '../base/uuid.ts'

/** How the data of a space ended. */
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
