/**
 * What rejects a call of a store. A `StoreError` is an expected condition of the disk; a batch
 * that breaks the port's contract is a caller's bug and rejects with a `BatchError` instead.
 */
export { StoreError } from '@countersign/core/ports'
export type { StoreTrouble } from '@countersign/core/ports'

/** A batch that the contract of `ReviewerStore` forbids: a bug of the caller. Nothing was stored. */
export class BatchError extends Error {
  override readonly name = 'BatchError'
}
