import type { Planted } from '../plant.ts'

export const halfMessageApplied: Planted = {
  name: 'half-message-applied',
  what: 'The last entity of a message of several is omitted.',
  edits: [
    {
      module: 'rows/repo.ts',
      from: 'for (const write of entry.writes) this.tableNamed(write.type).addCanonical(write)',
      to: 'for (const [i, write] of entry.writes.entries()) if (i === 0 || i < entry.writes.length - 1) this.tableNamed(write.type).addCanonical(write)',
    },
  ],
  seed: 1,
}
