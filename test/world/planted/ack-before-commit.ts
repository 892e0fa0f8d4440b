import type { Planted } from '../plant.ts'

export const ackBeforeCommit: Planted = {
  name: 'ack-before-commit',
  what: 'The reviewer sends its verdicts before the store has them.',
  edits: [
    {
      module: 'node/desk.ts',
      from: 'const committed = await this.#append(decision, rejections)',
      to: `sendVerdicts(decision, {
      before, head: decision.head, rejections, acks, nacks,
      connections: this.#parts.connections, limits: this.#parts.limits,
      onBehind: () => {}, onNack: () => {},
    })
    const committed = await this.#append(decision, rejections)`,
    },
  ],
  seed: 1,
}
