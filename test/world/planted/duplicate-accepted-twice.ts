import type { Planted } from '../plant.ts'

export const duplicateAcceptedTwice: Planted = {
  name: 'duplicate-accepted-twice',
  what: 'The reviewer does not check for known messages: they are accepted and stored again.',
  edits: [
    {
      module: 'review/decide.ts',
      from: 'if (this.#known(message, answers)) return refused',
      to: 'if (false as boolean) return refused',
    },
    {
      module: 'review/admit.ts',
      from: "if (verdictOn(message.session.facts.sessionId, clientSeq, context) !== 'unknown')",
      to: 'if (false as boolean)',
    },
    {
      module: 'ports/space-check.ts',
      from: 'assert(apart, `message ${run.clientSeq} of session ${sessionId} has its verdict already`)',
      to: 'void apart; void sessionId',
    },
  ],
  seed: 1,
}
