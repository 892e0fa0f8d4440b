import type { Planted } from '../plant.ts'

export const ackShowsCanonical: Planted = {
  name: 'ack-shows-canonical',
  what: 'An ack shows the canonical state, though other writes are still pending.',
  edits: [
    {
      module: 'rows/table.ts',
      from: 'else if (showsVerdictOf(write, state)) this.#show(id, state)',
      to: 'else this.#show(id, overlay.canonical)',
    },
  ],
  seed: 2,
}
