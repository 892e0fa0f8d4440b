import type { Planted } from '../plant.ts'

export const duplicateAcceptedTwice: Planted = {
  name: 'duplicate-accepted-twice',
  what: 'Nobody looks whether a message is known: it is accepted again, and stored again.',
  edits: [
    {
      module: 'reviewer/commit.ts',
      from: 'const known = this.#known(message, answers)',
      to: 'const known = false as boolean',
    },
    {
      module: 'reviewer/admit.ts',
      from: 'context.ledger.isUsed(header.sessionId, header.clientSeq) || context.answered.has(seqName(message))',
      to: 'false as boolean',
    },
    {
      module: 'testing/reviewer-database.ts',
      from: 'if (twice !== undefined) throw new Error(`message ${twice} is stored already`)',
      to: 'void twice',
    },
  ],
  seed: 1,
}
