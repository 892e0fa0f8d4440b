/** What must hold of a replica in the moment in which its store is ready, before any network. */
import type { EntityHistory } from '../facts.ts'
import type { Truth } from '../truth.ts'
import { must } from '../violation.ts'
import type { Visit } from '../visit.ts'

/** As `rankOf` of core counts: epochs, then seqs. */
const RANKS_PER_EPOCH = 2 ** 36

/**
 * The store is what the disk held: a prefix of what was durable. Its position is the stored one,
 * and every own message that waits on the disk for its verdict is on the screen again.
 */
export function s22Restored(truth: Truth, { device, watch, name, troubled }: Visit): void {
  const { disk } = device
  // Of several tabs on a disk, each has a part of it; of a disk with trouble, anything may be missing.
  if (!disk || device.isShared || device.hadTrouble || troubled) return
  const { advance, outbox, segments, checkpoint } = disk.content
  const stored =
    advance === undefined ? 0 : (JSON.parse(advance.text) as { readonly seq: number }).seq
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
  const storedUpTo = (checkpoint?.rank ?? 0) % RANKS_PER_EPOCH
  for (const id of waiting) {
    const fact = truth.facts.get(id)
    if (!fact || (fact.seq !== undefined && fact.seq <= seq) || refused.has(id)) continue
    const { changes } = fact.oracle
    // It cannot be shown while what it stands on is not here, or only as what others have followed.
    const isReady = changes.every(({ entity, parents }) =>
      parents.every((of) => isSeen(entity, of) && isNamed(truth.history(entity)!, of, storedUpTo)),
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

/** Whether a checkpoint at that seq still names the message, or what comes after it does. */
function isNamed(history: EntityHistory, id: string, checkpointSeq: number): boolean {
  const { seq } = history.facts.find(({ message }) => message.id === id)!
  if (seq === undefined || seq > checkpointSeq) return true
  const { heads, live } = history.expected(history.acceptedAt(checkpointSeq))
  return (
    heads.includes(id) || [...live.values()].some((writes) => writes.some(({ by }) => by === id))
  )
}
