import type { Planted } from '../plant.ts'

export const lastFlushAlone: Planted = {
  name: 'last-flush-alone',
  what: 'Of a session that ends while another opens, only what it stored last is taken over.',
  edits: [
    {
      module: 'replica/replica.ts',
      from: 'const ended = await endedSessions(state, flushes, this.#sessionLocks)',
      to: `const ended = await endedSessions(state, flushes, this.#sessionLocks)
    for (const flush of flushes) this.#adopted.add(flush.key)`,
    },
  ],
  seed: 3207,
}
