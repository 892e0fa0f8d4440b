import type { Planted } from '../plant.ts'

export const duplicateAcceptedTwice: Planted = {
  name: 'duplicate-accepted-twice',
  what: 'Nobody looks whether a message is known: it is accepted again, and stored again.',
  edits: [
    {
      module: 'reviewer/commit.ts',
      from: 'if (this.#known(message, answers)) return refused',
      to: 'if (false as boolean) return refused',
    },
    {
      module: 'reviewer/admit.ts',
      from: 'if (verdictOn(message.session.facts.sessionId, clientSeq, context))',
      to: 'if (false as boolean)',
    },
    {
      module: 'testing/reviewer-database.ts',
      from: 'if (twice !== undefined) throw new Error(`message ${twice} is stored already`)',
      to: 'void twice',
    },
  ],
  seed: 1,
}
