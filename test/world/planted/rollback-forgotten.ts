import type { Planted } from '../plant.ts'

export const rollbackForgotten: Planted = {
  name: 'rollback-forgotten',
  what: 'A transaction that throws leaves its rows as they were shown inside of it.',
  edits: [
    {
      module: 'rows/draft.ts',
      from: 'table.putBack(write.entityId, rowBefore)',
      to: 'void [table, write, rowBefore]',
    },
  ],
  seed: 4,
}
