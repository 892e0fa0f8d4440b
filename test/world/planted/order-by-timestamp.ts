import type { Planted } from '../plant.ts'

export const orderByTimestamp: Planted = {
  name: 'order-by-timestamp',
  what: "Canonical order goes by the authors' clocks.",
  edits: [
    {
      module: 'log/order.ts',
      from: 'if (left && right) return left.epoch - right.epoch || left.seq - right.seq || a.index - b.index',
      to: 'if (left && right) return a.entry.timestamp - b.entry.timestamp || left.seq - right.seq || a.index - b.index',
    },
  ],
  seed: 1,
}
