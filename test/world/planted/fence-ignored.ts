import type { Planted } from '../plant.ts'

export const fenceIgnored: Planted = {
  name: 'fence-ignored',
  what: 'A reviewer that was fenced by another one still answers.',
  edits: [
    {
      module: 'node/desk.ts',
      from: "if ((await store.append(commit)) === 'fenced') return false",
      to: 'await store.append(commit)',
    },
  ],
  seed: 95,
}
