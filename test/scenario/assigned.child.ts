/**
 * A reviewer on SQLite that numbers invoices. It dies right after a given commit, before it sends any
 * answer. Arguments: data folder, space, port, the number of that commit (0: never; the parent kills
 * it from outside).
 */
import process from 'node:process'
import { sequence } from '@countersign/core/reviewer'
import type { SpaceStores } from '@countersign/core/ports'
import { sqliteSpaces, startReviewer } from '@countersign/reviewer'
import { StrictInvoice } from './invoice.ts'

const [folder, space, port, dieAfter] = process.argv.slice(2)
const folders = sqliteSpaces(folder!)
let commits = 0

const mortal: SpaceStores = {
  close: () => folders.close(),
  open(id) {
    const store = folders.open(id)
    return {
      ...store,
      async append(commit) {
        const outcome = await store.append(commit)
        if (++commits === Number(dieAfter)) process.kill(process.pid, 'SIGKILL')
        return outcome
      },
    }
  },
}

const running = await startReviewer({
  spaces: mortal,
  space: space!,
  port: Number(port),
  host: '127.0.0.1',
  entities: [StrictInvoice],
  assign: { invoice: { number: sequence() } },
})
process.stdout.write(`ready ${running.url}\n`)
