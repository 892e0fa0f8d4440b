import type { Planted } from '../plant.ts'

export const operationTwice: Planted = {
  name: 'operation-twice',
  what: 'After a restart the newest operation of a counter counts again.',
  edits: [
    {
      module: 'fold/snapshot.ts',
      from: 'import { type Total, withWaiting }',
      to: 'import { type Total, folded, operationIn, withWaiting }',
    },
    {
      module: 'fold/snapshot.ts',
      from: 'withWaiting(total, table.foldOf(reg), entity)] as const',
      to: `folded(
        withWaiting(total, table.foldOf(reg), entity),
        operationIn(entity.writes.at(-1)!.values[entity.writes.at(-1)!.regs.indexOf(reg)]) ??
          ({ $op: ['counter', 0] } as never),
        { fold: undefined, of: entity },
      )] as const`,
    },
  ],
  seed: 12,
}
