import type { Planted } from '../plant.ts'

export const halfMessageTold: Planted = {
  name: 'half-message-told',
  what: 'Subscribers are notified between two entities of one message.',
  edits: [
    {
      module: 'rows/repo.ts',
      from: 'for (const write of entry.writes) this.tableNamed(write.type).addCanonical(write)',
      to: 'for (const write of entry.writes) { this.tableNamed(write.type).addCanonical(write); this.emit() }',
    },
  ],
  seed: 1,
}
