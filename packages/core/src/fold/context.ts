/** The context to read the rows of one type, beyond the messages. */
import type { Uuid } from '../base/uuid.ts'
import type { Write } from '../history/entry.ts'
import type { RegisterTable } from '../schema/registers.ts'
import type { Reader } from './read.ts'

export interface RowContext extends Reader {
  readonly table: RegisterTable
  /** The author of this store; undefined: the row as all other authors see it. */
  readonly viewerId: () => Uuid | undefined
  /** Whether an author is the person of this store. */
  readonly isMine: (authorId: Uuid) => boolean
  /** Whether pending writes live in memory only. */
  readonly volatile: (write: Write) => boolean
}
