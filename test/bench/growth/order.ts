/** How a cost grows, named by the law that fits it best. Pure. */

export type Order = 'flat' | 'log n' | 'linear' | 'worse than linear'

export interface Growth {
  readonly name: string
  readonly what: string
  readonly unit: 'µs' | 'ms' | 'B'
  /** What is varied: rows, queries, changes a row, clients. */
  readonly of: string
  readonly at: readonly number[]
  readonly ours: readonly number[]
  readonly floor?: readonly number[] | undefined
  readonly order: Order
}

/** Growth up to which a cost counts as flat, over the whole range; caches alone double it. */
const FLAT = 2.5

/**
 * The order of a cost: from the first to the last size it grows by a factor, which is compared with
 * what a logarithm and a straight line would give. Sizes below 1 count as 1. What the floor grows by
 * is taken out: a read that misses the caches costs ten times one that does not, for everybody.
 */
export function orderOf(
  at: readonly number[],
  cost: readonly number[],
  floor: readonly number[] = [1],
): Order {
  const first = Math.max(1, at[0]!)
  const last = at.at(-1)!
  const byFloor = Math.max(1, floor.at(-1)! / floor[0]!)
  const growth = cost.at(-1)! / cost[0]! / byFloor
  if (growth <= FLAT) return 'flat'
  const asLog = Math.log2(last + 1) / Math.log2(first + 1)
  if (growth <= asLog * FLAT) return 'log n'
  return growth <= (last / first) * FLAT ? 'linear' : 'worse than linear'
}
