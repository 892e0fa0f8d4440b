/**
 * `kill -9` of a real reviewer at seeded moments while changes stream in, one of them between
 * commit and answer. Whatever a writer was told is accepted stands in the database, once, and
 * the database holds nothing that no writer wrote. Compared by id.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { type Receipt, type SyncStore, createSyncStore, entity } from '@countersign/core'
import { sqliteReviewerStore } from '@countersign/reviewer'
import { socketIo } from '@countersign/transport-socketio'
import { afterEach, expect, it } from 'vitest'
import { z } from 'zod'
import { Random } from '../model/random.ts'

const CHANGES = 20_000
const SEED = 20_261_122
const SPACE = '0d6cbb5e-8f1c-4f0e-8f62-64a7f0f1c001'
const Item = entity('item', z.object({ n: z.number().int() }))

const children = new Set<ChildProcess>()
const folders: string[] = []
const stores: SyncStore[] = []

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  await Promise.all(stores.splice(0).map((store) => store.close()))
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })))
})

it(
  'N7 durability of acks: six kills in 20,000 changes lose nothing and double nothing',
  { timeout: 240_000 },
  async () => {
    const random = new Random(SEED)
    const folder = await mkdtemp(join(tmpdir(), 'countersign-kill-'))
    folders.push(folder)
    const port = await freePort()
    // The second life dies by itself between commit and answer; the others are killed from outside.
    const lives = [0, 3 + random.below(20), 0, 0, 0, 0]
    const receipts: Receipt[] = []
    const ackedAtKill: number[] = []
    let reviewer = await startChild(folder, { port, dieAfter: lives[0]! })
    const store = createSyncStore({
      server: true,
      space: SPACE,
      entities: [Item],
      transports: [socketIo(`http://127.0.0.1:${port}`)],
      identity: { personalId: 'the writer' },
    })
    stores.push(store)
    await store.ready
    const perLife = Math.floor(CHANGES / (lives.length + 1))
    const acked = (): Receipt[] => receipts.filter((receipt) => receipt.state === 'accepted')
    for (let life = 0; life <= lives.length; life++) {
      const target = life === lives.length ? CHANGES : (life + 1) * perLife
      const died = reviewer.died
      while (receipts.length < target) {
        for (let i = 0; i < 50; i++) {
          const before =
            receipts.length > 200 ? receipts[receipts.length - 1 - random.below(200)] : undefined
          receipts.push(
            before && random.below(3) === 0
              ? store.update(Item, before.id, { n: receipts.length })
              : store.create(Item, { n: receipts.length }),
          )
        }
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
      if (life === lives.length) break
      // A seeded moment in the stream: while a seeded part of what was written has its ack.
      const least = Math.floor(target * (0.2 + random.unit() * 0.6))
      while (!lives[life] && acked().length < Math.min(least, target))
        await new Promise((resolve) => setTimeout(resolve, 1))
      if (!lives[life]) reviewer.child.kill('SIGKILL')
      await died
      ackedAtKill.push(acked().length)
      reviewer = await startChild(folder, { port, dieAfter: lives[life + 1] ?? 0 })
    }
    const verdicts = await Promise.all(receipts.map((receipt) => receipt.settled()))
    expect(verdicts.filter((verdict) => verdict.verdict !== 'accepted')).toEqual([])
    expect(ackedAtKill).toHaveLength(lives.length)
    expect(ackedAtKill.some((count, life) => count > 0 && count < (life + 1) * perLife)).toBe(true)
    expect(store.status.getState().outboxMessages).toBe(0)
    const rows = store.query(Item).rows.map((row) => ({ ...row }))
    reviewer.child.kill('SIGKILL')
    await reviewer.died

    const stored = await storedIds(folder)
    // One more publishes the version of the type.
    expect(stored.length).toBe(CHANGES + 1)
    expect(new Set(stored).size).toBe(CHANGES + 1)
    const written = new Set(receipts.map((receipt) => receipt.messageId))
    expect(stored.filter((id) => !written.has(id))).toHaveLength(1)

    // And a newcomer who knows nothing sees the same rows.
    await startChild(folder, { port, dieAfter: 0 })
    const newcomer = createSyncStore({
      server: true,
      space: SPACE,
      entities: [Item],
      transports: [socketIo(`http://127.0.0.1:${port}`)],
    })
    stores.push(newcomer)
    await newcomer.ready
    while (!newcomer.status.getState().caughtUp)
      await new Promise((resolve) => setTimeout(resolve, 5))
    const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1)
    expect(
      newcomer
        .query(Item)
        .rows.map((row) => ({ ...row }))
        .sort(byId),
    ).toEqual(rows.sort(byId))
  },
)

interface Life {
  readonly child: ChildProcess
  readonly died: Promise<void>
}

async function startChild(
  folder: string,
  { port, dieAfter }: { port: number; dieAfter: number },
): Promise<Life> {
  const script = join(import.meta.dirname, 'kill.child.ts')
  const args = [
    '--conditions=@countersign/source',
    script,
    folder,
    SPACE,
    String(port),
    String(dieAfter),
  ]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.add(child)
  const died = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (text: Buffer) => text.toString().includes('ready') && resolve())
    child.once('exit', (code) =>
      reject(new Error(`the reviewer ended before it was ready: ${code}`)),
    )
  })
  return { child, died }
}

async function storedIds(folder: string): Promise<string[]> {
  const store = sqliteReviewerStore(folder)
  const ids: string[] = []
  let after = 0
  await store.load()
  for (;;) {
    const runs = await store.readRuns(after, 1_000)
    if (runs.length === 0) break
    for (const run of runs) ids.push(...run.ids)
    after = runs.at(-1)!.toSeq
  }
  await store.close()
  return ids
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address
          ? resolve(address.port)
          : reject(new Error('no port')),
      )
    })
  })
}
