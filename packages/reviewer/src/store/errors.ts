/** The error that rejects a call of a store: an expected condition of the disk, in one line. */
export { StoreError } from '@countersign/core/ports'
export type { StoreTrouble } from '@countersign/core/ports'
