/** Apps that name the person late, or fail to: the rows open, and no message is lost. */
import {
  type StoreOptions,
  type SyncStore,
  createSyncStore,
  defaultPlatform,
  entity,
  memoryStorage,
} from '@countersign/core'
import type { Storage } from '@countersign/core/ports'
import { partitionOf } from '@countersign/core/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { SPACE, type Scene, scene, wireTo } from './wire.ts'

const Todo = entity('todo', z.object({ title: z.string() }))

let on: Scene | undefined
let stores: SyncStore[] = []

afterEach(async () => {
  for (const store of stores) await store.close()
  stores = []
  await on?.close()
  on = undefined
})

async function storeOf(
  personalId: string | (() => Promise<string>),
  storage: Storage = memoryStorage(),
  platform: NonNullable<StoreOptions['platform']> = {},
): Promise<SyncStore> {
  on ??= await scene({
    entities: [Todo],
    rules: { todo: { create: ({ person: { id } }) => id === 'ann' || `not ${id}` } },
  })
  const transports = [wireTo(on.reviewer)]
  const store = createSyncStore({
    server: true,
    space: SPACE,
    entities: [Todo],
    storage,
    transports,
    identity: { personalId },
    platform,
  })
  stores.push(store)
  await store.ready
  return store
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1))
}

const never = (): Promise<string> => new Promise(() => {})

describe('§5 identity', () => {
  test('a personal id that takes its time keeps no row from opening, and what is written goes out when it comes', async () => {
    const storage = memoryStorage()
    const before = await storeOf(async () => 'ann', storage)
    const shared = before.create(Todo, { title: 'shared' })
    await shared.settled()
    await before.close()
    let answer: (id: string) => void = () => {}
    const store = await storeOf(() => new Promise((resolve) => (answer = resolve)), storage)
    expect(store.status.getState().identityTrouble).toContain('not there yet')
    expect(store.read(Todo, shared.id)).toMatchObject({ title: 'shared' })
    const early = store.create(Todo, { title: 'early' })
    store.update(Todo, shared.id, { title: 'changed' })
    expect([early.state, store.read(Todo, early.id)?.title]).toEqual(['draft', 'early'])
    expect(store.status.getState().outboxMessages).toBeGreaterThanOrEqual(2)
    expect(() => early.messageId).toThrow('personal id')
    answer('ann')
    expect(await early.settled()).toMatchObject({ verdict: 'accepted' })
    await until(() => store.status.getState().outboxMessages === 0)
    expect(store.status.getState().identityTrouble).toBeUndefined()
    expect(store.read(Todo, shared.id)).toMatchObject({ title: 'changed', $state: 'canonical' })
  })

  test('a personal id that fails is reported, and requested again with the next connection', async () => {
    const { clock } = defaultPlatform()
    // Long timers never end, so only a connection leads to another try.
    const patient = {
      ...clock,
      after: (ms: number, task: () => void) => (ms < 9_000 ? clock.after(ms, task) : () => {}),
    }
    let isDown = true
    const ask = async (): Promise<string> => {
      if (isDown) throw new Error('the server is down')
      return 'ann'
    }
    const store = await storeOf(ask, memoryStorage(), { clock: patient })
    const written = store.create(Todo, { title: 'kept' })
    // Without a person, nothing is sent.
    await until(() => store.status.getState().connection === 'syncing')
    expect(store.status.getState().identityTrouble).toContain('the server is down')
    isDown = false
    store.setOnline(false)
    store.setOnline(true)
    expect(await written.settled()).toMatchObject({ verdict: 'accepted' })
    expect(store.status.getState().identityTrouble).toBeUndefined()
  })

  test('what was written before the person was known is sealed by the next opening that knows', async () => {
    const storage = memoryStorage()
    const hung = await storeOf(never, storage)
    const written = hung.create(Todo, { title: 'written for nobody yet' })
    hung.update(Todo, written.id, { title: 'changed' })
    await hung.close()
    const still = await storeOf(never, storage)
    expect(still.status.getState().damaged).toEqual([])
    await still.close()
    const store = await storeOf(async () => 'ann', storage)
    await until(() => store.read(Todo, written.id)?.$state === 'canonical')
    expect(store.read(Todo, written.id)).toMatchObject({ title: 'changed' })
    await until(() => store.status.getState().outboxMessages === 0)
    const { meta, segments } = await (
      await storage.open(() => {}, partitionOf(SPACE, 'ann'))
    ).read()
    expect(segments.filter(({ kind }) => kind === 'draft')).toEqual([])
    expect([...meta.keys()].filter((key) => key.startsWith('session:')).length).toBeGreaterThan(1)
  })
})
