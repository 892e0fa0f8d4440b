import type { Planted } from '../plant.ts'

export const lastIsFirst: Planted = {
  name: 'last-is-first',
  what: 'The policy `last` shows the first value.',
  edits: [
    {
      module: 'fold/merge.ts',
      from: "return { kind: 'write', write: [...writesOf(tellingOf(live, reg))].sort(compareOrder).at(-1)! }",
      to: "return { kind: 'write', write: [...writesOf(tellingOf(live, reg))].sort(compareOrder)[0]! }",
    },
  ],
  seed: 49,
}
