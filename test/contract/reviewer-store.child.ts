/**
 * The process that `reviewer-store.test.ts` kills: appends to a SQLite store without end, and
 * prints the seq of the head after each commit. Exits with 3 when an append rejects.
 */
import { sqliteReviewerStore } from '@countersign/reviewer'
import { batchOf } from './reviewer-store-batches.ts'

const store = sqliteReviewerStore(process.argv[2]!)
await store.load()
let seq = (await store.readRuns(0, 1_000_000)).at(-1)?.toSeq ?? 0
for (let round = 0; ; round++) {
  const lengths = Array.from({ length: 1 + (round % 8) }, (_, i) => 1 + ((round + i) % 5))
  const end = seq + lengths.reduce((sum, length) => sum + length, 0)
  const sessions = [{ sessionId: 'one', text: `after ${end}` }]
  const rejections = [{ msgId: `rejected-${end}`, sessionId: 'one', text: `rejection ${end}` }]
  try {
    await store.append(batchOf(seq, lengths, { sessions, rejections }))
  } catch {
    process.exit(3)
  }
  seq = end
  process.stdout.write(`${seq}\n`)
}
