/** Invariants of a replica at the moment in which its store is ready, before any network. */
import { readPosition } from '@countersign/core/protocol'
import type { EntityHistory } from '../facts.ts'
import type { Truth } from '../truth.ts'
import { must } from '../violation.ts'
import type { Visit } from '../visit.ts'

/**
 * The store has what the disk held: a prefix of what was durable. Its position is the stored one,
 * and every own message that waits on the disk for its verdict is on the screen again.
 */
export function s22Restored(truth: Truth, { device, watch, name, troubled }: Visit): void {
  const { disk } = device
  // Where several tabs share a disk, each has a part of it; of a faulty disk anything may be missing.
  if (!disk || device.isShared || device.hadTrouble || troubled) return
  const { advance, outbox, segments } = disk.content
  const stored = advance === undefined ? 0 : readPosition(JSON.parse(advance.text))!.seq
  const seq = watch!.position?.seq ?? 0
  must(seq === stored, 'S22', () => `${name} opens at ${seq}, its disk is at ${stored}`)
  const open = new Set(outbox)
  const refused = new Set(segments.flatMap(({ kind, ids }) => (kind === 'rejections' ? ids : [])))
  const waiting = segments.flatMap(({ kind, key, ids }) =>
    kind === 'own' && open.has(key) ? ids : [],
  )
  const masks = new Map([...watch!.sights()].map(({ history, mask }) => [history.id, mask]))
  const isSeen = (entity: string, of: string): boolean =>
    ((masks.get(entity) ?? 0n) & truth.history(entity)!.bitOf(of)) !== 0n
  for (const id of waiting) {
    const fact = truth.facts.get(id)
    if (!fact || (fact.seq !== undefined && fact.seq <= seq) || refused.has(id)) continue
    const { changes } = fact.oracle
    // It cannot be shown before the view has reached its author's view, with all its dependencies.
    const isReady =
      fact.message.seen.seq <= seq &&
      changes.every(({ entity, parents }) =>
        parents.every((of) => isSeen(entity, of) && isNamed(truth.history(entity)!, of, seq)),
      )
    if (!isReady) continue
    for (const { entity } of changes) {
      must(
        isSeen(entity, id),
        'S22',
        () => `${fact.name} is in the outbox, and ${truth.history(entity)!.name} does not show it`,
      )
    }
  }
}

/** Whether it is pending at that position, or in the canonical state there. */
function isNamed(history: EntityHistory, id: string, seq: number): boolean {
  const fact = history.facts.find(({ message }) => message.id === id)!
  if (fact.seq === undefined || fact.seq > seq) return true
  const { heads, live } = history.expected(history.acceptedAt(seq))
  return (
    heads.includes(id) || [...live.values()].some((writes) => writes.some(({ by }) => by === id))
  )
}
