/**
 * What a batch does to own messages, `meta` and rewritten segments that are held in memory: of the storage
 * in memory, and of the simulated disk.
 */
import type { StoredSegment, WriteBatch } from './storage.ts'

/** What is held. */
export interface HeldStorage {
  readonly segments: Map<string, StoredSegment>
  readonly outbox: Set<string>
  readonly settled: Map<string, number>
  readonly meta: Map<string, unknown>
}

/** Applies a batch whose new segments and checkpoint are stored. `rank`: that of the stored checkpoint. */
export function applyToHeld(batch: WriteBatch, held: HeldStorage, rank: number): void {
  const { segments, outbox, settled, meta } = held
  for (const key of batch.outboxAdd ?? []) {
    outbox.add(key)
    settled.delete(key)
  }
  for (const key of batch.outboxRemove ?? []) {
    outbox.delete(key)
    settled.delete(key)
  }
  for (const each of batch.settled ?? []) {
    outbox.delete(each.key)
    settled.set(each.key, each.rank)
  }
  dropSettled(held, rank)
  for (const [key, value] of batch.meta ?? []) meta.set(key, value)
  for (const key of batch.metaRemove ?? []) meta.delete(key)
  for (const { key, to } of batch.rewrite ?? []) {
    const known = segments.get(key)
    if (known && to) segments.set(key, { ...known, ...to })
    else segments.delete(key)
  }
  for (const key of batch.drop ?? []) if (segments.get(key)?.kind === 'draft') segments.delete(key)
}

/** Deletes the settled segments up to a rank. */
export function dropSettled(
  { segments, settled }: Pick<HeldStorage, 'segments' | 'settled'>,
  throughRank: number,
): void {
  for (const [key, rank] of settled) {
    if (rank > throughRank) continue
    settled.delete(key)
    segments.delete(key)
  }
}
