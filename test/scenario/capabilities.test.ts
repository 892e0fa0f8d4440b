/** What a person may do, as their store shows it: read only, no person publishes, no access at all, a rule that fails. */
import {
  type Entity,
  type SyncStore,
  add,
  createSyncStore,
  entity,
  map,
  memoryStorage,
} from '@countersign/core'
import { memorySpaces } from '@countersign/core/ports'
import type { Capability } from '@countersign/core/reviewer'
import { type RunningReviewer, type StartOptions, startReviewer } from '@countersign/reviewer'
import { socketIo } from '@countersign/transport-socketio'
import { afterEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { type Scene, scene } from './wire.ts'

const Item = entity('item', z.object({ title: z.string() }))
const Later = Item.version(2, z.object({ title: z.string(), points: z.number() }), [
  add('points', 0),
])

let open: Scene | undefined
let running: RunningReviewer | undefined
const stores: SyncStore[] = []

afterEach(async () => {
  vi.unstubAllEnvs()
  await open?.close()
  for (const store of stores.splice(0)) await store.close()
  await running?.close()
  open = running = undefined
})

const until = (holds: () => boolean): Promise<void> =>
  vi.waitFor(() => expect(holds()).toBe(true), { interval: 5 })

test('CAP2 without write a store is read only: what is written is shown, refused with the sentence, and gone', async () => {
  let may: readonly Capability[] = ['read', 'write', 'publish']
  open = await scene({ entities: [Item], capabilities: () => may })
  const ann = await open.open({ entities: [Item] })
  const { id } = ann.create(Item, { title: 'a' })
  await open.settle()
  may = ['read']
  const eve = await open.open({ entities: [Item] })
  await open.settle()
  expect(eve.status.getState().capabilities).toEqual(['read'])
  const edit = eve.update(Item, id, { title: 'b' })
  expect(eve.read(Item, id)?.title).toBe('b')
  expect(await edit.settled()).toMatchObject({ verdict: 'rejected', reason: 'unauthorised' })
  expect(eve.read(Item, id)?.title).toBe('a')
  expect(eve.refused.snapshot()).toMatchObject([
    { reason: 'unauthorised', detail: expect.stringMatching(/may only read here/) },
  ])
  expect(ann.read(Item, id)?.title).toBe('a')
})

test('CAP2 without migrate a migration ends with the sentence, and rewrites nothing', async () => {
  const First = entity('task', z.object({ done: z.boolean() }))
  const status = z.enum(['open', 'done'])
  const Second = First.version(2, z.object({ status }), [
    map('done', 'status', [
      [false, 'open'],
      [true, 'done'],
    ]),
  ])
  open = await scene({ entities: [Second] })
  const old = await open.open({ entities: [First] })
  old.create(First, { done: true })
  await open.settle()
  const now = await open.open({ entities: [Second] })
  await open.settle()
  expect(await now.migrate(Second, { to: 2 })).toMatchObject({
    rows: 0,
    refused: expect.stringMatching(/may not migrate rows/),
  })
})

test('CAP2 without read a store is unauthorised, with the sentence; what it has stays', async () => {
  let may: readonly Capability[] = ['read', 'write', 'publish']
  open = await scene({ entities: [Item], capabilities: () => may })
  const storage = memoryStorage()
  const before = await open.open({ entities: [Item], storage })
  const { id } = before.create(Item, { title: 'a' })
  await open.settle()
  await before.close()
  may = ['write']
  const ann = await open.open({ entities: [Item], storage })
  await until(() => ann.status.getState().connection === 'unauthorised')
  expect(ann.status.getState().connectionNote).toMatch(/may not read here/)
  expect(ann.read(Item, id)?.title).toBe('a')
  ann.update(Item, id, { title: 'b' })
  expect(ann.status.getState().outboxMessages).toBe(1)
})

/** A reviewer as an app starts it. */
async function production(options: Partial<StartOptions<typeof Item>> = {}): Promise<void> {
  vi.stubEnv('NODE_ENV', 'production')
  running = await startReviewer({
    ...{ spaces: memorySpaces(), port: 0, entities: [Item], metrics: false },
    ...options,
  })
}

async function device(entities: readonly Entity[]): Promise<SyncStore> {
  const { space, url } = running!
  const transports = [socketIo(url)]
  const store = createSyncStore({ ...{ server: true, space, entities, transports } })
  stores.push(store)
  await store.ready
  await until(() => store.status.getState().connection === 'online')
  return store
}

test('CAP3 in production the reviewer publishes, and nobody who has not been given it', async () => {
  await production()
  const store = await device([Item])
  expect(store.status.getState()).toMatchObject({
    capabilities: ['read', 'write'],
    schemaTrouble: undefined,
    outboxMessages: 0,
  })
  await store.create(Item, { title: 'a' }).settled()
  const newer = await device([Later])
  await until(() => newer.status.getState().schemaTrouble !== undefined)
  expect(newer.status.getState()).toMatchObject({
    schemaTrouble: expect.stringMatching(/^item: .*may not publish/),
    outboxMessages: 0,
    rejectedMessages: 0,
  })
  const [reviewer] = running!.reviewer.open
  // The type, and the row.
  expect(reviewer!.state).toMatchObject({ accepted: 2, rejected: 0 })
})

test('CAP3 who has been given it publishes, in production, too', async () => {
  await production({ entities: undefined, capabilities: () => ['read', 'write', 'publish'] })
  const store = await device([Later])
  await until(() => store.status.getState().outboxMessages === 0)
  await store.create(Later, { title: 'a', points: 1 }).settled()
  const old = await device([Item])
  expect(old.query(Item).rows.map(({ title }) => title)).toEqual(['a'])
  expect(old.status.getState().schemaTrouble).toBeUndefined()
})
