import type { Planted } from '../plant.ts'

export const offerNeverRepeated: Planted = {
  name: 'offer-never-repeated',
  what: 'An offer without an answer is never repeated.',
  edits: [
    {
      module: 'sync/outbox.ts',
      from: 'if (arrivedAt < before) this.#land(tracked)',
      to: 'if (arrivedAt < -before) this.#land(tracked)',
    },
  ],
  seed: 60,
}
