import type { Planted } from '../plant.ts'

export const dedupByNumberOnly: Planted = {
  name: 'dedup-by-number-only',
  what: 'The reviewer knows a message by its number alone: another one of that number gets its verdict.',
  edits: [
    {
      module: 'reviewer/commit.ts',
      from: 'const review = this.#batch.entry(id)?.review',
      to: 'const review = [...this.#context.space.entries()].find((entry) => entry.session.sessionId === session.facts.sessionId && entry.clientSeq === clientSeq)?.review ?? this.#batch.entry(id)?.review',
    },
  ],
  seed: 8,
}
