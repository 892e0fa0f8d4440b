/** Positions as numbers, because storages do not know epochs. */

/** A later epoch, or a later seq of it, has the higher rank. */
export function rankOf(position: { readonly epoch: number; readonly seq: number }): number {
  return position.epoch * 2 ** 36 + position.seq
}
