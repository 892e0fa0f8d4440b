/**
 * Why a store cannot be used, in one line that an operator can act upon. A `StoreError` is an
 * expected condition of the disk; a call that breaks a port's contract is a caller's bug and
 * rejects with another error.
 */

export type StoreTrouble =
  /** The folder or file cannot be made or written. */
  | 'unwritable'
  /** Another process, or another store of this one, holds the database. */
  | 'in_use'
  /** The database is damaged, or is no database at all. */
  | 'corrupt'
  /** A database of another program, or of another space. */
  | 'not_ours'
  /** Written by a newer version of this package. */
  | 'newer'
  /** The disk is full, or a quota is. */
  | 'full'
  | 'closed'
  /** Anything else that the disk or the database reports. */
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
