import type { Planted } from '../plant.ts'

export const expectationIgnored: Planted = {
  name: 'expectation-ignored',
  what: 'What a message expects is not looked at.',
  edits: [
    {
      module: 'reviewer/admit.ts',
      from: 'if (now.length !== heads.length || now.some((id, i) => id !== heads[i]))',
      to: 'if (now.length > 1_000 && heads.length > 1_000)',
    },
  ],
  seed: 7,
}
