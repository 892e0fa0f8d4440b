/** Loads what decisions on most offers need, in few reads: the entities and numbers that they name. */
import type { Uuid } from '../base/uuid.ts'
import { pendingIn } from '../history/names.ts'
import type { Offer } from '../review/decision.ts'
import type { SpaceSource } from './source.ts'

/**
 * Reads at the same time: a store may be far away. What was accepted before is read after its number.
 * Rejects when the store cannot be read.
 */
export async function loadFor(
  offers: readonly Offer<unknown>[],
  source: SpaceSource,
): Promise<void> {
  const entities = new Set<Uuid>()
  const numbers = new Map<Uuid, Set<number>>()
  const add = (sessionId: Uuid, clientSeq: number): void => {
    const known = numbers.get(sessionId)
    if (known) known.add(clientSeq)
    else numbers.set(sessionId, new Set([clientSeq]))
  }
  for (const { flush, session } of offers) {
    const { sessionId } = session.facts
    for (const { clientSeq, changes, expect = [] } of flush.messages) {
      add(sessionId, clientSeq)
      for (const { entityId } of expect) entities.add(entityId)
      for (const { entityId, parents } of changes) {
        entities.add(entityId)
        for (const named of pendingIn(parents, sessionId)) add(named.sessionId, named.clientSeq)
      }
    }
  }
  const authors = offers.map(({ record }) => record.authorId)
  await Promise.all([
    source.entities(entities),
    source.authors(authors),
    ...[...numbers].map(([id, clientSeqs]) => source.numbers(id, clientSeqs)),
  ])
  await source.messages(offers.flatMap((offer) => acceptedBefore(offer, source)))
}

/** The seqs of the messages of an offer that were accepted before. */
function acceptedBefore(
  { flush, session }: Offer<unknown>,
  source: SpaceSource,
): readonly number[] {
  return flush.messages.flatMap(
    ({ clientSeq }) => source.loggedSeq(session.facts.sessionId, clientSeq) ?? [],
  )
}
