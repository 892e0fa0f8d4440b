import type { Planted } from '../plant.ts'

export const ackShowsCanonical: Planted = {
  name: 'ack-shows-canonical',
  what: 'An ack shows the canonical state, though other writes are still pending.',
  edits: [
    {
      module: 'rows/table.ts',
      from: 'if (isSame) this.#show(id, this.state(id))',
      to: 'if (isSame) this.#show(id, overlay.canonical)',
    },
  ],
  seed: 2,
}
