import type { Planted } from '../plant.ts'

export const ackFlipsShown: Planted = {
  name: 'ack-flips-shown',
  what: 'An author is shown their own value only while it is pending: its ack changes the screen.',
  edits: [
    {
      module: 'fold/shown.ts',
      from: 'const own = ordered.filter((write) => write.entry.session.authorId === viewerId)',
      to: 'const own = ordered.filter((write) => write.entry.session.authorId === viewerId && !write.entry.review)',
    },
  ],
  seed: 4,
}
