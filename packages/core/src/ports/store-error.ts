/**
 * Errors of a space store. A `StoreError` is an expected condition of the disk, with a message that
 * an operator can act upon; a call that breaks the contract of the port is a bug of the caller and
 * rejects with another error.
 */

export type StoreTrouble =
  /** The folder or file cannot be created or written. */
  | 'unwritable'
  /** Another process, or another store of this one, holds the database. */
  | 'in_use'
  /** The database is damaged, or the file is not a database. */
  | 'corrupt'
  /** The database belongs to another program, or to another space. */
  | 'not_ours'
  /** Written by a newer version of this package. */
  | 'newer'
  /** The disk is full, or a quota is exceeded. */
  | 'full'
  | 'closed'
  /** Any other error of the disk or the database. */
  | 'failed'

/** Rejection of a call of a space store. `trouble` says whether the caller may go on. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly trouble: StoreTrouble
  constructor(trouble: StoreTrouble, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.trouble = trouble
  }
}
