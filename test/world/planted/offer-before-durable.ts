import type { Planted } from '../plant.ts'

export const offerBeforeDurable: Planted = {
  name: 'offer-before-durable',
  what: 'A message is offered before it is on the disk.',
  edits: [
    {
      module: 'client/outbox/flusher.ts',
      from: 'const write = disk.write({',
      to: `outbox.release(flush, 'queued')
    onReady(undefined)
    const write = disk.write({`,
    },
  ],
  seed: 2,
}
