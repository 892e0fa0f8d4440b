import type { Planted } from '../plant.ts'

export const orderByTimestamp: Planted = {
  name: 'order-by-timestamp',
  what: "Canonical order follows the authors' clocks.",
  edits: [
    {
      module: 'history/order.ts',
      from: 'return compareReviews(a.entry.review, b.entry.review) || compareWithin(a, b, a.entry.review)',
      to: 'if (a.entry.review && b.entry.review) return a.entry.timestamp - b.entry.timestamp || a.entry.review.seq - b.entry.review.seq || a.index - b.index\n  return compareReviews(a.entry.review, b.entry.review) || compareWithin(a, b, a.entry.review)',
    },
  ],
  seed: 2,
}
