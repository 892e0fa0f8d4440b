/**
 * A reviewer on SQLite that can be told to die at the worst moment: right after a commit,
 * before anybody is answered. Arguments: data folder, space, port, and the commit after which
 * to die (0: never; the parent kills it from outside).
 */
import process from 'node:process'
import type { ReviewerStore } from '@countersign/core/ports'
import { sqliteReviewerStore, startReviewer } from '@countersign/reviewer'

const [folder, space, port, dieAfter] = process.argv.slice(2)
const store = sqliteReviewerStore(folder!)
let commits = 0

const mortal: ReviewerStore = {
  load: () => store.load(),
  readRuns: (afterSeq, runsMax) => store.readRuns(afterSeq, runsMax),
  claimMeta: (key, value) => store.claimMeta(key, value),
  close: () => store.close(),
  async append(batch) {
    const outcome = await store.append(batch)
    // No handler, no flush, no goodbye: what is on the disk now is all there is.
    if (++commits === Number(dieAfter)) process.kill(process.pid, 'SIGKILL')
    return outcome
  },
}

const running = await startReviewer({
  store: mortal,
  space: space!,
  port: Number(port),
  host: '127.0.0.1',
})
process.stdout.write(`ready ${running.url}\n`)
