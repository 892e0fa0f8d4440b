import type { Planted } from '../plant.ts'

export const ackShowsCanonical: Planted = {
  name: 'ack-shows-canonical',
  what: 'An ack shows the canonical state, though other writes are still pending.',
  edits: [
    {
      module: 'repo/table.ts',
      from: 'view = afterReview(view, write, overlay.pending)',
      to: 'view = overlay.canonical!',
    },
  ],
  seed: 2,
}
