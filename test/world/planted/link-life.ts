/** What is left over of an older link. The end of a world has time for any timer; L5 has not. */
import type { Planted } from '../plant.ts'

export const LINK_LIFE: readonly Planted[] = [
  {
    name: 'offers-not-requeued',
    what: 'What was offered on a link that broke counts as under way on the next one.',
    edits: [
      {
        module: 'sync/session.ts',
        from: '    this.#parts.outbox.requeueAll()\n    this.requests.lost()',
        to: '    this.requests.lost()',
      },
    ],
    seed: 48,
  },
]
