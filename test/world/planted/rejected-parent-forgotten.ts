import type { Planted } from '../plant.ts'

export const rejectedParentForgotten: Planted = {
  name: 'rejected-parent-forgotten',
  what: 'The reviewer forgets its rejections: messages that depend on them wait for ever.',
  edits: [
    {
      module: 'review/admit.ts',
      from: "if (verdict === 'refused') return reject('parent_rejected', `${parent} was refused`)",
      to: "if (verdict === 'refused') return nack('parent_unknown', parent)",
    },
  ],
  seed: 9,
}
