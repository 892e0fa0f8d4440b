/** Loads what decisions on most offers need, in few reads: the entities and numbers that they name. */
import type { Uuid } from '../base/uuid.ts'
import { pendingIn } from '../history/names.ts'
import type { Offer } from '../review/decision.ts'
import type { SpaceSource } from './source.ts'

/** Rejects when the store cannot be read. */
export async function loadFor(
  offers: readonly Offer<unknown>[],
  source: SpaceSource,
): Promise<void> {
  const entities = new Set<Uuid>()
  for (const { flush, session } of offers) {
    const numbers = new Map<Uuid, Set<number>>()
    const add = (sessionId: Uuid, clientSeq: number): void => {
      const known = numbers.get(sessionId)
      if (known) known.add(clientSeq)
      else numbers.set(sessionId, new Set([clientSeq]))
    }
    const { sessionId } = session.facts
    for (const { clientSeq, changes, expect = [] } of flush.messages) {
      add(sessionId, clientSeq)
      for (const { entityId } of expect) entities.add(entityId)
      for (const { entityId, parents } of changes) {
        entities.add(entityId)
        for (const named of pendingIn(parents, sessionId)) add(named.sessionId, named.clientSeq)
      }
    }
    for (const [id, clientSeqs] of numbers) await source.numbers(id, clientSeqs)
  }
  const authors = offers.map(({ record }) => record.authorId)
  await Promise.all([source.entities(entities), source.authors(authors)])
}
