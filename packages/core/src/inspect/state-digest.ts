/**
 * A row's state in one short text: equal for equal heads and live writes, whatever order they are
 * told in. For telling whether two replicas hold the same row; it resists no attacker.
 */
import { canonical } from '../base/canonical.ts'
import { checksum } from '../base/checksum.ts'
import type { LiveValue, StateRecord } from './records.ts'

/**
 * One checksum for one state, whoever holds it: the same for heads and live writes in any order.
 */
export function stateDigest({ type, id, heads, live }: StateRecord): string {
  const registers = Object.entries(live)
    .filter(([, writes]) => writes.length > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([reg, writes]) => [reg, writes.toSorted(byNode).map(({ node, value }) => [node, value])])
  return checksum(canonical([type, id, heads.toSorted(), registers]))
}

function byNode(a: LiveValue, b: LiveValue): number {
  return a.node < b.node ? -1 : 1
}
