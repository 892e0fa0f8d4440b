/**
 * A checksum of a row's state: equal for equal heads and live writes in any order. Compares the row
 * of two replicas; it does not resist an attacker.
 */
import { canonical } from '../base/canonical.ts'
import { checksum } from '../base/checksum.ts'
import type { LiveValue, StateRecord } from './records.ts'

/** The checksum of a state, independent of the order of heads and live writes. */
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
