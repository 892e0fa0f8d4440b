/** What a store shows of its storage, which a fake platform describes. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import type { StorageCare, StorageOutlook } from '../ports/storage-care.ts'
import { memoryStorage } from '../ports/memory-storage.ts'
import { type Storage, StorageError } from '../ports/storage.ts'
import type { Transport } from '../ports/transport.ts'
import { entity } from '../schema/entity.ts'
import { createSyncStore } from './create.ts'
import type { StorageHealth, SyncStore } from './store.ts'

const SPACE = '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a10'
const Note = entity('note', z.object({ text: z.string() }))
/** A reviewer that is never reached: what is written waits. */
const away: Transport = { connect: () => ({ send: () => {}, close: () => {} }) }

const stores: SyncStore[] = []
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()))
})

/** A platform that says this, and what it was asked. */
class FakePlatform implements StorageCare {
  readonly kept = new Map<string, string>()
  asked = 0
  looks = 0
  says: Partial<StorageOutlook>
  persists: boolean | undefined = true

  constructor(says: Partial<StorageOutlook> = { isPersisted: false }) {
    this.says = says
  }

  readonly marks = {
    get: (key: string) => this.kept.get(key),
    set: (key: string, text: string) => void this.kept.set(key, text),
    remove: (key: string) => void this.kept.delete(key),
  }

  async look(): Promise<StorageOutlook> {
    this.looks++
    return {
      ...{ usedBytes: 10, quotaBytes: 1_000, isPersisted: undefined, isPrivate: undefined },
      ...this.says,
    }
  }

  async persist(): Promise<boolean | undefined> {
    this.asked++
    if (this.persists) this.says = { ...this.says, isPersisted: true }
    return this.persists
  }
}

async function open(care: StorageCare, storage: Storage = memoryStorage()): Promise<SyncStore> {
  const store = createSyncStore({
    ...{ server: true, space: SPACE, entities: [Note], transports: [away] },
    storage: { ...storage, open: storage.open.bind(storage), care },
  })
  stores.push(store)
  await store.ready
  return store
}

const health = (store: SyncStore): StorageHealth | undefined =>
  store.status.getState().storageHealth

const shows = (store: SyncStore, expected: Partial<StorageHealth>): Promise<void> =>
  vi.waitFor(() => expect(health(store)).toMatchObject(expected))

describe('HLTH1 what is stored lasts', () => {
  it.each([
    ['kept', { isPersisted: true }],
    ['evictable', { isPersisted: false }],
    ['session', { isPersisted: false, isPrivate: true }],
    ['unknown', {}],
  ] as const)('%s, with the use and the quota that the platform says', async (lasts, says) => {
    const platform = new FakePlatform(says)
    const store = await open(platform)
    const sizes = { usedBytes: 10, quotaBytes: 1_000 }
    await shows(store, { lasts, ...sizes, evictedAt: undefined, messagesAtRisk: 0 })
  })

  it('for the session where nothing can be stored; without a storage nothing is known', async () => {
    const closed: Storage = { open: () => Promise.reject(new StorageError('failed', 'private')) }
    const store = await open(new FakePlatform({}), closed)
    store.create(Note, { text: 'only here' })
    await shows(store, { lasts: 'session', messagesAtRisk: 1 })
    const without = createSyncStore({ server: true, space: SPACE, entities: [Note] })
    stores.push(without)
    await without.ready
    expect(health(without)).toBeUndefined()
  })
})

describe('HLTH2 the platform is asked to keep what is stored', () => {
  it('once, after the first own message, and what it says then is shown', async () => {
    const platform = new FakePlatform()
    const store = await open(platform)
    await shows(store, { lasts: 'evictable' })
    expect(platform.asked).toBe(0)
    store.create(Note, { text: 'one' })
    await shows(store, { lasts: 'kept' })
    store.create(Note, { text: 'two' })
    await store.flushed()
    expect([platform.asked, health(store)?.messagesAtRisk]).toEqual([1, 0])
  })

  it('not where it keeps it already', async () => {
    const platform = new FakePlatform({ isPersisted: true })
    const store = await open(platform)
    await shows(store, { lasts: 'kept' })
    store.create(Note, { text: 'one' })
    await store.flushed()
    expect(platform.asked).toBe(0)
  })
})

describe('HLTH3 an emptied storage is noticed', () => {
  it('by the mark that stayed beside it, at this opening and at later ones', async () => {
    const platform = new FakePlatform()
    platform.persists = false
    const first = await open(platform)
    await shows(first, { evictedAt: undefined })
    await first.close()
    const emptied = memoryStorage()
    const before = Date.now()
    const second = await open(platform, emptied)
    await vi.waitFor(() => expect(health(second)?.evictedAt).toBeGreaterThanOrEqual(before))
    const { evictedAt } = health(second)!
    second.create(Note, { text: 'in a place that was emptied before' })
    await shows(second, { lasts: 'evictable', messagesAtRisk: 1 })
    await second.close()
    await shows(await open(platform, emptied), { evictedAt })
  })

  it('not after a sign-out, not in a new browser, and not where only the mark is gone', async () => {
    const platform = new FakePlatform()
    const storage = memoryStorage()
    const first = await open(platform, storage)
    await shows(first, { evictedAt: undefined })
    platform.kept.clear()
    await first.close()
    const second = await open(platform, storage)
    await shows(second, { evictedAt: undefined })
    expect(platform.kept.size).toBe(1)
    await second.signOut({ unsent: 'discard' })
    expect(platform.kept.size).toBe(0)
    await shows(await open(platform, memoryStorage()), { evictedAt: undefined })
  })
})

it('HLTH4 messages are at risk where the storage is almost full, and are not where it is kept', async () => {
  const platform = new FakePlatform({ isPersisted: false, usedBytes: 950 })
  platform.persists = false
  const store = await open(platform)
  store.create(Note, { text: 'one' })
  store.create(Note, { text: 'two' })
  await shows(store, { messagesAtRisk: 2 })
  const kept = await open(new FakePlatform({ isPersisted: true, usedBytes: 950 }))
  kept.create(Note, { text: 'one' })
  await shows(kept, { lasts: 'kept', messagesAtRisk: 0 })
})
