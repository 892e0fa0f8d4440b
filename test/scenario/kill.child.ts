/**
 * A reviewer on SQLite that dies at the worst moment, if asked: right after a commit, before it sends
 * any answer. Arguments: data folder, spaces with commas between them, port, and the number of the
 * commit after which to die (0: never; the parent kills it from outside).
 *
 * Few files are open at a time, and spaces without links are closed at once, so that spaces are
 * opened and closed while others write.
 */
import process from 'node:process'
import type { SpaceStores } from '@countersign/core/ports'
import { sqliteSpaces, startReviewer } from '@countersign/reviewer'

const [folder, spaces, port, dieAfter] = process.argv.slice(2)
const folders = sqliteSpaces(folder!, { openFilesMax: 8 })
let commits = 0

const mortal: SpaceStores = {
  close: () => folders.close(),
  open(id) {
    const store = folders.open(id)
    return {
      ...store,
      async append(commit) {
        const outcome = await store.append(commit)
        // No handler, no flush, no goodbye: what is on the disk now is all there is.
        if (++commits === Number(dieAfter)) process.kill(process.pid, 'SIGKILL')
        return outcome
      },
    }
  },
}

const running = await startReviewer({
  spaces: mortal,
  accepts: spaces!.split(','),
  port: Number(port),
  host: '127.0.0.1',
  idleMs: 20,
})
process.stdout.write(`ready ${running.url}\n`)
