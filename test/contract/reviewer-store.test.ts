/**
 * The stores of `@countersign/reviewer` under the contract, and what only real processes and a
 * real disk can show of SQLite: a kill in the middle of appends, and a disk that fills up.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryReviewerStore, sqliteReviewerStore } from '@countersign/reviewer'
import { afterEach, describe, expect, test } from 'vitest'
import { reviewerStoreContract } from './reviewer-store.ts'
import { batchOf, idOf } from './reviewer-store-batches.ts'

const child = new URL('reviewer-store.child.ts', import.meta.url).pathname
const folders: string[] = []
const children: ChildProcess[] = []

function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-store-'))
  folders.push(folder)
  return folder
}

afterEach(async () => {
  for (const process of children.splice(0)) await killed(process)
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

async function killed(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return
  process.kill('SIGKILL')
  await once(process, 'exit')
}

reviewerStoreContract('memory', () => ({ open: memoryReviewerStore }), { durable: false })

reviewerStoreContract(
  'SQLite in a folder',
  () => {
    const folder = freshFolder()
    return { open: () => sqliteReviewerStore(join(folder, 'data')) }
  },
  { durable: true },
)

reviewerStoreContract(
  'SQLite in a file',
  () => {
    const folder = freshFolder()
    return { open: () => sqliteReviewerStore(join(folder, 'space.sqlite')) }
  },
  { durable: true },
)

/** Starts a process that appends batches of 1..8 runs and prints the seq after each commit. */
function appender(folder: string, shell = ''): { process: ChildProcess; acked: () => number } {
  const command = [process.execPath, '--conditions=@countersign/source', child, folder]
  const started =
    shell === ''
      ? spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] })
      : spawn('sh', ['-c', `${shell}; exec "$@"`, 'sh', ...command], {
          stdio: ['ignore', 'pipe', 'inherit'],
        })
  children.push(started)
  let printed = ''
  started.stdout!.on('data', (chunk) => (printed += String(chunk)))
  return {
    process: started,
    acked: () => Number(printed.slice(0, printed.lastIndexOf('\n')).split('\n').at(-1)),
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((done) => setTimeout(done, 5))
}

/** The seqs of the heads that the child's batches leave, as the child makes them. */
async function expectWholeBatches(folder: string, ackedSeq: number): Promise<number> {
  const store = sqliteReviewerStore(folder)
  try {
    const { head, sessions, rejections } = await store.load()
    const runs = await store.readRuns(0, 1_000_000)
    const seq = runs.at(-1)?.toSeq ?? 0
    expect(seq).toBeGreaterThanOrEqual(ackedSeq)
    // Head, session and rejection of a batch all name its last seq: a torn batch shows here.
    expect(head).toBe(`head ${seq}`)
    expect(sessions.map((session) => session.text)).toEqual([`after ${seq}`])
    expect(rejections.at(-1)?.text).toBe(`rejection ${seq}`)
    let next = 1
    for (const run of runs) {
      expect(run.fromSeq).toBe(next)
      expect(run.ids).toHaveLength(run.toSeq - run.fromSeq + 1)
      next = run.toSeq + 1
    }
    expect(await store.append(batchOf(seq, [1]))).toBe('committed')
    return seq + 1
  } finally {
    await store.close()
  }
}

describe('SQLite store: crash', () => {
  test('kill -9 in the middle of appends leaves whole batches, and every committed one', async () => {
    const folder = freshFolder()
    let seqBefore = 0
    for (let round = 0; round < 4; round++) {
      const { process, acked } = appender(folder)
      await until(() => acked() > seqBefore + 50 * (round + 1))
      await killed(process)
      const ackedSeq = acked()
      expect(ackedSeq).toBeGreaterThan(seqBefore)
      seqBefore = await expectWholeBatches(folder, ackedSeq)
    }
  }, 30_000)

  test('a disk that fills up makes append reject, and leaves whole batches', async () => {
    const folder = freshFolder()
    // Files of this process may grow to 600 blocks of 512 bytes or 1 KiB; then writes fail.
    const { process, acked } = appender(folder, 'ulimit -f 600')
    const [code] = await once(process, 'exit')
    expect(code).toBe(3)
    expect(acked()).toBeGreaterThan(50)
    await expectWholeBatches(folder, acked())
  }, 30_000)
})

describe('SQLite store: power cut', () => {
  test('whatever part of the log reached the disk, whole batches are there, in order', async () => {
    const folder = freshFolder()
    const file = join(folder, 'space.sqlite')
    const store = sqliteReviewerStore(file)
    await store.load()
    /** Length of the log after each commit: so much of it is on the disk when the commit returns. */
    const lengths: number[] = []
    let seq = 0
    for (let round = 0; round < 6; round++) {
      const sessions = [{ sessionId: 'one', text: `after ${seq + 6}` }]
      const rejections = [
        { msgId: idOf(900 + round), sessionId: 'one', text: `rejection ${seq + 6}` },
      ]
      await store.append(batchOf(seq, [1, 2, 3], { sessions, rejections }))
      seq += 6
      lengths.push(statSync(`${file}-wal`).size)
    }
    const [main, log] = [readFileSync(file), readFileSync(`${file}-wal`)]
    await store.close()
    const cuts = lengths.flatMap((end) => [end - 1, end, end + 100, end + 4_200])
    for (const cut of cuts.filter((at) => at <= log.length)) {
      const at = join(freshFolder(), 'space.sqlite')
      writeFileSync(at, main)
      writeFileSync(`${at}-wal`, log.subarray(0, cut))
      const whole = lengths.filter((end) => end <= cut).length
      const after = sqliteReviewerStore(at)
      expect(await after.readRuns(0, 100), `log of ${cut} bytes`).toHaveLength(whole * 3)
      const { head, sessions, rejections } = await after.load()
      expect(head).toBe(whole === 0 ? undefined : `head ${whole * 6}`)
      expect(sessions.map(({ text }) => text)).toEqual(whole === 0 ? [] : [`after ${whole * 6}`])
      expect(rejections).toHaveLength(whole)
      await after.close()
    }
  })
})

describe('SQLite store: owner', () => {
  test('a second process on one folder fails with one line, until the first is gone', async () => {
    const folder = freshFolder()
    const { process, acked } = appender(folder)
    await until(() => acked() > 0)
    const second = sqliteReviewerStore(folder)
    await expect(second.load()).rejects.toMatchObject({ trouble: 'in_use' })
    await killed(process)
    expect((await second.load()).head).toMatch(/^head /)
    await second.close()
  }, 30_000)
})
