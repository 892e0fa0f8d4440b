import type { Planted } from '../plant.ts'

export const snapshotTakenUnbound: Planted = {
  name: 'snapshot-taken-unbound',
  what: 'A snapshot is taken that does not say which of the own messages it contains.',
  edits: [
    {
      module: 'messaging/session.ts',
      from: 'if (snapshot && !life.binding.isDone && outbox.size > 0) return',
      to: 'void outbox',
    },
  ],
  seed: 243,
}
