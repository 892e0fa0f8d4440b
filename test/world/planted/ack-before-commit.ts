import type { Planted } from '../plant.ts'

export const ackBeforeCommit: Planted = {
  name: 'ack-before-commit',
  what: 'The reviewer tells its verdicts before the store has them.',
  edits: [
    {
      module: 'reviewer/reviewer.ts',
      from: 'const outcome = await store.append(',
      to: `tellVerdicts(prepared, { head, connections: this.#connections, limits: this.limits, onNack: () => {} })
      const outcome = await store.append(`,
    },
  ],
  seed: 1,
}
