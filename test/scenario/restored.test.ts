/**
 * A reviewer process that is killed, and started again with its key, on a copy of its data that was taken
 * 1,000 acks earlier, or on no data at all: the stores that have read what it had acknowledged hand it
 * back, the result is the same in all stores, and no person has to act.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { DatabaseSync } from 'node:sqlite'
import {
  type Receipt,
  type SyncStore,
  createSyncStore,
  entity,
  memoryStorage,
} from '@countersign/core'
import { sqliteSpaces } from '@countersign/reviewer'
import { socketIo } from '@countersign/transport-socketio'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { z } from 'zod'
import { storedIds } from './stored-space.ts'

const SPACE = '0d6cbb5e-8f1c-4f0e-8f62-64a7f0f1c0ee'
const BEFORE = 200
const ACKS = 1_000
const Item = entity('item', z.object({ n: z.number().int(), by: z.string() }))

let folder: string
let port: number
let reviewer: ChildProcess | undefined
const stores: SyncStore[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-restored-'))
  port = await freePort()
})
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()))
  await kill()
  rmSync(folder, { recursive: true, force: true })
})

const data = (): string => join(folder, 'data')

async function start(): Promise<void> {
  const file = new URL('restored.child.ts', import.meta.url).pathname
  const args = [file, data(), join(folder, 'key.json'), SPACE, String(port)]
  const child = spawn(process.execPath, ['--conditions=@countersign/source', ...args])
  reviewer = child
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (text: Buffer) => String(text).includes('ready') && resolve())
    child.once('exit', (code) => reject(new Error(`the reviewer ended with ${code}`)))
  })
}

async function kill(): Promise<void> {
  const child = reviewer
  reviewer = undefined
  if (!child || child.exitCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
}

/** A copy of the running data, as a backup takes it. */
function backUp(): string {
  const copy = join(folder, 'copy')
  for (const name of readdirSync(data(), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.sqlite')) continue
    mkdirSync(dirname(join(copy, name)), { recursive: true })
    const database = new DatabaseSync(join(data(), name), { readOnly: true })
    database.exec(`VACUUM INTO '${join(copy, name)}'`)
    database.close()
  }
  return copy
}

async function open(personalId: string): Promise<SyncStore> {
  const store = createSyncStore({
    ...{ server: true, space: SPACE, entities: [Item], storage: memoryStorage() },
    transports: [socketIo(`http://127.0.0.1:${port}`)],
    identity: { personalId },
  })
  stores.push(store)
  await store.ready
  return store
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}

const told = (store: SyncStore) =>
  store
    .query(Item)
    .rows.map((row) => ({ ...row, heads: row.$heads, key: row.$orderKey, state: row.$state }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))

/** Waits until all stores have everything, at one position. */
async function settled(...all: readonly SyncStore[]): Promise<void> {
  const [first] = all
  await until(() =>
    all.every((store) => {
      const { connection, outboxMessages, position } = store.status.getState()
      const { position: at } = first!.status.getState()
      return connection === 'online' && outboxMessages === 0 && position?.chain === at?.chain
    }),
  )
  for (const store of all) expect(told(store)).toEqual(told(first!))
}

const write = (store: SyncStore, by: string, count: number): Receipt[] =>
  Array.from({ length: count }, (_, n) => store.create(Item, { n, by }))

it.each([
  ['LOSS3 a copy, and nobody has written since', 'copy', 0],
  ['LOSS4 a copy, on which others have gone on', 'copy', 50],
  ['LOSS4 no data at all, and others have gone on', 'none', 50],
  ['LOSS7 no data at all', 'none', 0],
] as const)(
  'the reviewer is back on %s: all 1,000 are back, the same for all',
  { timeout: 120_000 },
  async (_, what, since) => {
    await start()
    const ann = await open('ann')
    const bob = await open('bob')
    const carl = await open('carl')
    const first = write(ann, 'ann before', BEFORE)
    await Promise.all(first.map((receipt) => receipt.settled()))
    await settled(ann, bob, carl)
    const copy = backUp()
    carl.setOnline(false)
    const receipts = [
      ...write(ann, 'ann', ACKS - 100),
      ...first.slice(0, 100).map(({ id }, n) => bob.update(Item, id, { n: 1_000 + n })),
    ]
    const verdicts = await Promise.all(receipts.map((receipt) => receipt.settled()))
    expect(verdicts.every(({ verdict }) => verdict === 'accepted')).toBe(true)
    await settled(ann, bob)
    // Ann goes for good; Bob has read it all.
    await ann.close()
    if (since > 0) bob.setOnline(false)
    await kill()
    rmSync(data(), { recursive: true, force: true })
    if (what === 'copy') cpSync(copy, data(), { recursive: true })
    await start()
    const more = write(carl, 'carl', since)
    carl.setOnline(true)
    if (since > 0) await Promise.all(more.map((receipt) => receipt.settled()))
    bob.setOnline(true)
    await until(() => bob.query(Item).rows.length === BEFORE + ACKS - 100 + since)
    const dan = await open('dan')
    await settled(bob, carl, dan)
    expect(told(dan)).toHaveLength(BEFORE + ACKS - 100 + since)
    await kill()
    const spaces = sqliteSpaces(data())
    const ids = await storedIds(spaces.open(SPACE), SPACE)
    await spaces.close()
    for (const { messageId } of [...first, ...receipts, ...more]) expect(ids).toContain(messageId)
    expect(new Set(ids).size).toBe(ids.length)
  },
)

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? address!.port : 0))
    })
  })
}
