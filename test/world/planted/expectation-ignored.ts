import type { Planted } from '../plant.ts'

export const expectationIgnored: Planted = {
  name: 'expectation-ignored',
  what: 'The expectations of a message are not checked.',
  edits: [
    {
      module: 'review/admit.ts',
      from: 'if (state && !headsOf(state).every((head) => hadRead(entry, expectation, head)))',
      to: 'if (state && headsOf(state).length > 100_000)',
    },
  ],
  seed: 1,
}
