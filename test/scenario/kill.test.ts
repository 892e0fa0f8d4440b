/**
 * `kill -9` of a real reviewer at seeded moments while changes stream in, some of them between
 * commit and answer: with one space, and with many over one folder. Every message whose writer got an
 * acceptance is in the database, once, and the database has no message that no writer wrote.
 * Compared by id. `KILL_SPACES`, `KILL_LIVES` and `KILL_CHANGES` (of each space) make the run over
 * many longer, `KILL_SEED` another one.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { type Receipt, type SyncStore, createSyncStore, entity } from '@countersign/core'
import { sqliteSpaces } from '@countersign/reviewer'
import { socketIo } from '@countersign/transport-socketio'
import { afterEach, expect, it } from 'vitest'
import { z } from 'zod'
import { Random } from '../model/random.ts'
import { storedIds } from './stored-space.ts'

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
    // The second process dies by itself between commit and answer; the others are killed from outside.
    const lives = [0, 3 + random.below(20), 0, 0, 0, 0]
    const receipts: Receipt[] = []
    const ackedAtKill: number[] = []
    let reviewer = await startChild(folder, { spaces: [SPACE], port, dieAfter: lives[0]! })
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
      // A seeded moment in the stream: a seeded part of the written messages has its ack.
      const least = Math.floor(target * (0.2 + random.unit() * 0.6))
      while (!lives[life] && acked().length < Math.min(least, target))
        await new Promise((resolve) => setTimeout(resolve, 1))
      if (!lives[life]) reviewer.child.kill('SIGKILL')
      await died
      ackedAtKill.push(acked().length)
      reviewer = await startChild(folder, { spaces: [SPACE], port, dieAfter: lives[life + 1] ?? 0 })
    }
    const verdicts = await Promise.all(receipts.map((receipt) => receipt.settled()))
    expect(verdicts.filter((verdict) => verdict.verdict !== 'accepted')).toEqual([])
    expect(ackedAtKill).toHaveLength(lives.length)
    expect(ackedAtKill.some((count, life) => count > 0 && count < (life + 1) * perLife)).toBe(true)
    expect(store.status.getState().outboxMessages).toBe(0)
    const rows = store.query(Item).rows.map((row) => ({ ...row }))
    reviewer.child.kill('SIGKILL')
    await reviewer.died

    const stored = await idsIn(folder, SPACE)
    // One more publishes the version of the type.
    expect(stored.length).toBe(CHANGES + 1)
    expect(new Set(stored).size).toBe(CHANGES + 1)
    const written = new Set(receipts.map((receipt) => receipt.messageId))
    expect(stored.filter((id) => !written.has(id))).toHaveLength(1)

    // And a new store without any data shows the same rows.
    await startChild(folder, { spaces: [SPACE], port, dieAfter: 0 })
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

const setting = (name: string, usual: number): number => Number(process.env[name] ?? usual)
const SPACES = setting('KILL_SPACES', 50)
const LIVES = setting('KILL_LIVES', 5)
const CHANGES_EACH = setting('KILL_CHANGES', 60)

/** The writer of one space, and what it has written. */
class Writer {
  readonly space: string
  readonly store: SyncStore
  readonly receipts: Receipt[] = []
  /** The messages that were accepted at one of the kills. */
  readonly acked: Set<string> = new Set<string>()

  constructor(space: string, url: string) {
    this.space = space
    this.store = createSyncStore({
      server: true,
      space,
      entities: [Item],
      transports: [socketIo(url)],
      identity: { personalId: `the writer of ${space}` },
    })
    stores.push(this.store)
  }

  write(random: Random): void {
    const { length } = this.receipts
    const before = length > 0 ? this.receipts[random.below(length)] : undefined
    this.receipts.push(
      before && random.below(3) > 0
        ? this.store.update(Item, before.id, { n: length })
        : this.store.create(Item, { n: length }),
    )
  }

  noteAcked(): number {
    for (const { state, messageId } of this.receipts)
      if (state === 'accepted') this.acked.add(messageId)
    return this.acked.size
  }
}

it(
  'N7 durability of acks: many spaces over one folder, kills lose nothing and double nothing',
  { timeout: 240_000 + SPACES * LIVES * CHANGES_EACH },
  async () => {
    const random = new Random(setting('KILL_SEED', SEED))
    const folder = await mkdtemp(join(tmpdir(), 'countersign-kills-'))
    folders.push(folder)
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const spaces = Array.from(
      { length: SPACES },
      (_, i) => `${SPACE.slice(0, 1)}${i.toString(16).padStart(2, '0')}${SPACE.slice(3)}`,
    )
    const start = (): Promise<Life> => {
      // Every second process dies by itself between commit and answer.
      const dieAfter = random.below(2) === 0 ? 0 : 1 + random.below(SPACES * 4)
      return startChild(folder, { spaces, port, dieAfter })
    }
    let reviewer = await start()
    const writers = spaces.map((space) => new Writer(space, url))
    await Promise.all(writers.map(({ store }) => store.ready))
    let unsure = 0
    const total = (): number => writers.reduce((sum, { receipts }) => sum + receipts.length, 0)
    for (let life = 1; life <= LIVES; life++) {
      const end = Math.round((SPACES * CHANGES_EACH * life) / LIVES)
      let isDead = false
      const died = reviewer.died.then(() => (isDead = true))
      while (total() < end) {
        const writer = writers[random.below(SPACES)]!
        for (let i = random.below(8); i >= 0; i--) writer.write(random)
        // Some leave and come back, so their spaces are closed and opened again.
        const other = writers[random.below(SPACES)]!
        if (random.below(10) === 0) other.store.setOnline(random.below(3) > 0)
        await new Promise((resolve) => setTimeout(resolve, random.below(2)))
      }
      if (life === LIVES) break
      for (const { store } of writers) store.setOnline(true)
      await new Promise((resolve) => setTimeout(resolve, random.below(400)))
      if (!isDead) reviewer.child.kill('SIGKILL')
      await died
      unsure += total() - writers.reduce((sum, writer) => sum + writer.noteAcked(), 0)
      reviewer = await start()
    }
    for (const { store } of writers) store.setOnline(true)
    // The last process may die by itself, too: then it is started again, as often as needed.
    let isOver = false
    const revived = (async () => {
      for (;;) {
        await reviewer.died
        if (isOver) return
        reviewer = await startChild(folder, { spaces, port, dieAfter: 0 })
      }
    })()
    for (const { receipts } of writers) {
      const verdicts = await Promise.all(receipts.map((receipt) => receipt.settled()))
      expect(verdicts.filter(({ verdict }) => verdict !== 'accepted')).toEqual([])
    }
    isOver = true
    reviewer.child.kill('SIGKILL')
    await revived
    expect(unsure, 'messages without an answer at a kill').toBeGreaterThan(0)

    for (const { space, receipts, acked } of writers) {
      const stored = await idsIn(folder, space)
      const ids = new Set(stored)
      expect(ids.size, `${space}: a message twice`).toBe(stored.length)
      expect([...acked].filter((id) => !ids.has(id))).toEqual([])
      const written = new Set(receipts.map(({ messageId }) => messageId))
      expect([...written].filter((id) => !ids.has(id))).toEqual([])
      // One more publishes the version of the type, where anything was written.
      expect(stored.filter((id) => !written.has(id)).length).toBeLessThanOrEqual(1)
    }

    // New stores without any data show the same rows.
    await startChild(folder, { spaces, port, dieAfter: 0 })
    const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1)
    for (const { space, store } of writers) {
      const newcomer = new Writer(space, url).store
      await newcomer.ready
      while (!newcomer.status.getState().caughtUp)
        await new Promise((resolve) => setTimeout(resolve, 5))
      const [theirs, ours] = [newcomer, store].map((one) =>
        one
          .query(Item)
          .rows.map((row) => ({ ...row }))
          .sort(byId),
      )
      expect(theirs).toEqual(ours)
      await newcomer.close()
    }
  },
)

interface LifeOptions {
  readonly spaces: readonly string[]
  readonly port: number
  readonly dieAfter: number
}

interface Life {
  readonly child: ChildProcess
  readonly died: Promise<void>
}

async function startChild(folder: string, { spaces, port, dieAfter }: LifeOptions): Promise<Life> {
  const script = join(import.meta.dirname, 'kill.child.ts')
  const args = [
    '--conditions=@countersign/source',
    script,
    folder,
    spaces.join(','),
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

async function idsIn(folder: string, space: string): Promise<string[]> {
  const spaces = sqliteSpaces(folder)
  const ids = await storedIds(spaces.open(space), space)
  await spaces.close()
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
