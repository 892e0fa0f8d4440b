import type { Planted } from '../plant.ts'

export const positionMovesOverGap: Planted = {
  name: 'position-moves-over-gap',
  what: 'A batch that leaves a gap still moves the position.',
  edits: [
    {
      module: 'sync/tail-plan.ts',
      from: "if (fromSeq !== next) return { kind: 'gap' }",
      to: '',
    },
    {
      module: 'sync/tail-plan.ts',
      from: 'space: this.#parts.space, before, sessions: []',
      to: `space: this.#parts.space,
        before: { ...before, seq: (spanOfBatch(text) as { value: { fromSeq: number } }).value.fromSeq - 1 },
        sessions: []`,
    },
    {
      module: 'sync/tail-plan.ts',
      from: 'return isAt && position.chain === end.batch.chain',
      to: 'return position.seq > 0',
    },
  ],
  seed: 5,
}
