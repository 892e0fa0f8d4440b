/**
 * Losses at random: a reviewer falls back to older copies and loses all its data, again and again, while
 * stores write, leave and come back. In the end everybody shows the same, everything
 * that a store was told is accepted stands in the log, once, and what was refused is not in it.
 * `LOSS_SEEDS` runs more seeds, `LOSS_SEED` one.
 */
import { cpSync, rmSync } from 'node:fs'
import process from 'node:process'
import {
  type Receipt,
  type SyncStore,
  createSyncStore,
  defaultPlatform,
  entity,
  memoryStorage,
} from '@countersign/core'
import { memoryMarks } from '@countersign/core/ports'
import type { KeyPair, SpaceMarks, Transport } from '@countersign/core/ports'
import { type Reviewer, type ReviewerEvent, createReviewer } from '@countersign/core/reviewer'
import { sqliteSpaces } from '@countersign/reviewer'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { z } from 'zod'
import { freshFolder } from '../contract/fresh-folders.ts'
import { Random } from '../model/random.ts'
import { storedIds } from './stored-space.ts'
import { SPACE, wireTo } from './wire.ts'

const Task = entity('task', z.object({ title: z.string(), points: z.number().default(0) }))
const { signer, clock, random } = defaultPlatform()
const STEPS = 40
const SEEDS = Number(process.env['LOSS_SEEDS'] ?? 10)
const FIRST = Number(process.env['LOSS_SEED'] ?? 1)

interface Device {
  readonly store: SyncStore
  isOnline: boolean
  readonly receipts: Receipt[]
}

let folder: string
let keys: KeyPair
let current: Reviewer
let stop: () => Promise<void>
/** Beside the key: they stay when the data go. */
let marks: SpaceMarks
let devices: Device[]
let events: ReviewerEvent[]

beforeEach(async () => {
  folder = freshFolder()
  keys = await signer.generate()
  marks = memoryMarks()
  devices = []
  events = []
})
afterEach(async () => {
  await Promise.all(devices.map(({ store }) => store.close()))
  await stop()
})

async function start(): Promise<void> {
  const spaces = sqliteSpaces(folder)
  current = await createReviewer({
    ...{ space: SPACE, spaces, keys, signer, clock, random, marks },
    rules: { authorize: (_, { values }) => values['title'] !== 'bomb' || 'no bombs' },
    onEvent: (event) => events.push(event),
  })
  const started = current
  stop = async () => {
    await started.close()
    await spaces.close()
  }
}

function copyOf(from: string): string {
  const to = freshFolder()
  cpSync(from, to, { recursive: true })
  return to
}

const transport: Transport = { connect: (link) => wireTo(current).connect(link) }

async function open(): Promise<SyncStore> {
  const store = createSyncStore({
    ...{ server: true, space: SPACE, entities: [Task], transports: [transport] },
    storage: memoryStorage(),
  })
  await store.ready
  return store
}

function write({ store, receipts }: Device, any: Random): void {
  const { rows } = store.query(Task)
  const row = rows[any.below(rows.length + 2)]
  if (!row) {
    const title = any.below(8) === 0 ? 'bomb' : `title ${any.below(100)}`
    receipts.push(store.create(Task, { title }))
  } else if (row.$conflicts.title && any.below(2) === 0)
    receipts.push(store.resolve(Task, row.id, { title: `decided ${any.below(100)}` }))
  else if (any.below(2) === 0) receipts.push(store.update(Task, row.id, { points: any.below(100) }))
  else receipts.push(store.update(Task, row.id, { title: `title ${any.below(100)}` }))
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** What is the same for all: who looks decides which candidate of a conflict is shown. */
const told = ({ store }: Device) =>
  store
    .query(Task)
    .rows.map((row) => ({
      ...{ id: row.id, heads: row.$heads, key: row.$orderKey },
      points: row.$conflicts.points?.candidates.map(({ value }) => value) ?? [row.points],
      state: row.$state,
      titles: row.$conflicts.title?.candidates.map(({ value }) => value) ?? [row.title],
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))

const isSettled = ({ store }: Device): boolean => {
  const { connection, outboxMessages, position } = store.status.getState()
  const isDone = connection === 'online' && outboxMessages === 0
  return isDone && position?.seq === current.state.seq && current.state.pendingCommit === 0
}

async function step(any: Random, copies: string[]): Promise<void> {
  const device = devices[any.below(devices.length)]!
  const what = any.below(100)
  if (what < 60) write(device, any)
  else if (what < 75) {
    device.isOnline = !device.isOnline
    device.store.setOnline(device.isOnline)
  } else if (what < 86) {
    await stop()
    copies.push(copyOf(folder))
    await start()
  } else if (what < 97 && copies.length > 0) await fallBack(any.pick(copies))
  else await fallBack(undefined)
  await pause(any.below(3) === 0 ? 30 : 2)
}

async function fallBack(copy: string | undefined): Promise<void> {
  await stop()
  rmSync(folder, { recursive: true, force: true })
  if (copy) cpSync(copy, folder, { recursive: true })
  await start()
}

const seeds = Array.from({ length: SEEDS }, (_, i) => FIRST + i)
it.each(seeds)('LOSS7 seed %i', { timeout: 60_000 }, async (seed) => {
  const any = new Random(seed)
  await start()
  for (let n = 0; n < 3; n++) {
    devices.push({ store: await open(), isOnline: true, receipts: [] })
  }
  const copies: string[] = []
  const [accepted, rejected] = [new Set<string>(), new Set<string>()]
  for (let n = 0; n < STEPS; n++) {
    await step(any, copies)
    // Told so once, whatever became of it since.
    for (const { receipts } of devices)
      for (const receipt of receipts) {
        if (receipt.state === 'accepted') accepted.add(receipt.messageId)
        if (receipt.state === 'rejected') rejected.add(receipt.messageId)
      }
  }
  for (const { store } of devices) store.setOnline(true)
  const until = Date.now() + 30_000
  for (let calm = 0; calm < 5;) {
    if (Date.now() > until) {
      const told = events.filter(({ type }) => type === 'strike' || type === 'nacked').slice(-20)
      throw new Error(
        JSON.stringify([told, ...devices.map(({ store }) => store.status.getState())]),
      )
    }
    calm = devices.every(isSettled) ? calm + 1 : 0
    await pause(20)
  }
  const newcomer = { ...devices[0]!, store: await open() }
  devices.push(newcomer)
  while (!isSettled(newcomer)) await pause(5)
  for (const device of devices) expect(told(device)).toEqual(told(newcomer))
  const spaces = sqliteSpaces(folder)
  const ids = new Set(await storedIds(spaces.open(SPACE), SPACE))
  await spaces.close()
  const lost = [...accepted].filter((id) => !ids.has(id))
  expect(
    lost,
    `lost of ${accepted.size}, refused since: ${JSON.stringify(refusedOf(lost))}`,
  ).toEqual([])
  expect([...rejected].filter((id) => ids.has(id))).toEqual([])
})

/** Why messages were refused that had been accepted before. */
const refusedOf = (ids: readonly string[]) =>
  events.filter((event) => event.type === 'rejected' && ids.includes(event.msgId))
