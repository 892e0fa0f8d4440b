/**
 * The process that `space-kill.test.ts` kills: commits batches and rejections to a space, writes
 * behind, and prints each acknowledged write. Several may run at once: a fenced one reads the head and
 * continues from there. It prints `ready`, and begins when its parent closes its input, so that no
 * process is far ahead of the others because it was loaded sooner.
 *
 * Arguments: folder, writer (the name of its session), seed, and the number of statements after which
 * it kills itself, so that it dies during a write, which a kill from outside rarely hits.
 */
import { readFileSync, writeSync } from 'node:fs'
import { StatementSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import { behindOf, nextClientSeq, randomOf } from './space-writes.test-kit.ts'
import type { Acked } from './space-writes.test-kit.ts'
import { SPACE } from './spaces.test-kit.ts'
import { sqliteSpaces } from './sqlite-spaces.ts'

const [folder, writer, seed, statements] = process.argv.slice(2) as [string, string, string, string]
let left = Number(statements)
const run = Reflect.get(StatementSync.prototype, 'run') as () => unknown
StatementSync.prototype.run = function (this: StatementSync, ...given: unknown[]) {
  if (left-- === 0) process.kill(process.pid, 'SIGKILL')
  return Reflect.apply(run, this, given) as ReturnType<StatementSync['run']>
}

const below = randomOf(Number(seed))
const store = sqliteSpaces(folder).open(SPACE)
let clientSeq = await nextClientSeq(store, writer)
let head = await store.head()
const sessions = [{ sessionId: writer, text: `session ${writer}` }]

function print(acked: Acked): void {
  writeSync(1, `${JSON.stringify(acked)}\n`)
}

function next(): { epoch: number; expect: typeof head; sessions: typeof sessions; head: string } {
  return { epoch: 1, expect: head, sessions, head: `commit ${head.commits + 1}` }
}

async function commitBatch(): Promise<void> {
  const count = 1 + below(5)
  const fromSeq = head.seq + 1
  const places = Array.from({ length: count }, (_, i) => [writer, clientSeq + i])
  const batch = { fromSeq, toSeq: head.seq + count, text: JSON.stringify(places), seals: '' }
  const accepted = [{ sessionId: writer, clientSeq, count, seq: fromSeq }]
  if ((await store.append({ ...next(), batch, accepted })) === 'fenced') return
  print({ kind: 'accepted', clientSeq, count, seq: fromSeq })
  clientSeq += count
}

async function commitRejection(): Promise<void> {
  const rejections = [
    { msgId: `${writer}-${clientSeq}`, sessionId: writer, clientSeq, text: `no ${clientSeq}` },
  ]
  if ((await store.append({ ...next(), rejections })) === 'fenced') return
  print({ kind: 'refused', clientSeq })
  clientSeq++
}

async function writeBehind(): Promise<void> {
  const { through, seq } = head
  if (through === seq) return
  const to = through + 1 + below(seq - through)
  if ((await store.writeBehind(behindOf(through, to))) === 'written') {
    print({ kind: 'behind', through: to })
  }
}

writeSync(1, 'ready\n')
readFileSync(0)
for (;;) {
  const dice = below(10)
  await (dice < 6 ? commitBatch : dice < 8 ? commitRejection : writeBehind)()
  head = await store.head()
  // Without a pause one writer keeps the file locked, and another is fenced for as long as it runs.
  await setTimeout(1)
}
