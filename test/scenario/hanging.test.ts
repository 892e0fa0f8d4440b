/** Storages that do not answer at the opening, in a read, in a claim or in a write, and later do. */
import { type SyncStore, entity, memoryStorage } from '@countersign/core'
import type { Storage } from '@countersign/core/ports'
import { createLimitedStore } from '@countersign/core/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { SPACE, type Scene, scene, wireTo } from './wire.ts'

const Todo = entity('todo', z.object({ title: z.string() }))
type Call = 'open' | 'read' | 'claim' | 'write'

let on: Scene | undefined
let stores: SyncStore[] = []

afterEach(async () => {
  for (const store of stores) await store.close()
  stores = []
  await on?.close()
  on = undefined
})

/** Calls of that kind wait until the gate is opened, and are made and answered then. */
function gated(inner: Storage) {
  let shut: Call | undefined
  let release: () => void = () => {}
  let opened = Promise.resolve()
  const through = async (call: Call): Promise<void> => {
    if (call === shut) await opened
  }
  const storage: Storage = {
    async open(onTrouble, space) {
      await through('open')
      const handle = await inner.open(onTrouble, space)
      return {
        read: async () => (await through('read'), handle.read()),
        pages: async (...args) => (await through('read'), handle.pages(...args)),
        claim: async (key, value) => (await through('claim'), handle.claim(key, value)),
        write: async (batch) => (await through('write'), handle.write(batch)),
        waiting: () => handle.waiting(),
        erase: () => handle.erase(),
        close: () => handle.close(),
      }
    },
  }
  return {
    storage,
    shut(call: Call) {
      shut = call
      opened = new Promise((resolve) => (release = resolve))
    },
    open() {
      shut = undefined
      release()
    },
  }
}

async function storeOn(
  storage: Storage,
  options: { readonly online: boolean },
): Promise<SyncStore> {
  on ??= await scene({ entities: [Todo] })
  const transports = options.online ? [wireTo(on.reviewer)] : []
  const parts = { space: SPACE, entities: [Todo], storage, transports }
  const store = createLimitedStore({ ...parts, onError: fail }, { storageAnswerMs: 5 })
  stores.push(store)
  await store.ready
  return store
}

function fail(error: unknown): never {
  throw error
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1))
}

const delivered = (store: SyncStore): Promise<void> =>
  until(() => store.status.getState().outboxMessages === 0)

const storageOf = (store: SyncStore) => store.status.getState().storage

describe('§15 hanging', () => {
  test.for<Call>(['open', 'read', 'claim'])(
    'a storage whose %s is not answered keeps nothing from opening; messages go as volatile; it gets what it is owed',
    async (call) => {
      const inner = memoryStorage()
      const before = await storeOn(inner, { online: true })
      const shared = before.create(Todo, { title: 'shared' })
      await shared.settled()
      await delivered(before) // the type is published, too
      before.setOnline(false)
      const left = before.create(Todo, { title: 'left unsent' })
      await before.close()
      const gate = gated(inner)
      gate.shut(call)
      const store = await storeOn(gate.storage, { online: true })
      expect(store.status.getState()).toMatchObject({
        storage: 'degraded',
        storageTrouble: 'hanging',
      })
      const early = store.create(Todo, { title: 'written meanwhile' })
      await store.flushed()
      expect(await early.settled()).toMatchObject({ verdict: 'accepted' })
      await delivered(store)
      store.setOnline(false)
      const late = store.create(Todo, { title: 'not sent either' })
      await store.flushed()
      expect(late.state).toBe('volatile')
      gate.open()
      await until(() => storageOf(store) === 'ok' && store.status.getState().outboxMessages === 2)
      expect(late.state).toBe('queued')
      expect(store.status.getState().storageTrouble).toBeUndefined()
      // Where the key could not be read, this store writes with another key: WHO1 hides what waits under the stored one.
      const showsLeft = (): boolean => store.read(Todo, left.id) !== undefined
      if (call === 'read') await until(showsLeft)
      else expect(showsLeft()).toBe(false)
      await store.close()
      const after = await storeOn(inner, { online: true })
      await until(() => after.status.getState().outboxMessages === 0)
      const titles = after.query(Todo).rows.map(({ title }) => title)
      expect(titles.sort()).toEqual([
        'left unsent',
        'not sent either',
        'shared',
        'written meanwhile',
      ])
    },
  )

  test('a storage that answers late, and is owed nothing, holds up nothing', async () => {
    const gate = gated(memoryStorage())
    gate.shut('read')
    const store = await storeOn(gate.storage, { online: false })
    expect(store.status.getState().storageTrouble).toBe('hanging')
    gate.open()
    await until(() => storageOf(store) === 'ok')
    await store.flushed()
    const row = store.create(Todo, { title: 'as ever' })
    await store.flushed()
    expect(row.state).toBe('queued')
  })

  test('a write without an end: messages go as volatile, and are stored when it ends', async () => {
    const inner = memoryStorage()
    const gate = gated(inner)
    const store = await storeOn(gate.storage, { online: true })
    gate.shut('write')
    const sent = store.create(Todo, { title: 'sent' })
    await store.flushed()
    expect(store.status.getState()).toMatchObject({
      storage: 'degraded',
      storageTrouble: 'hanging',
    })
    expect(await sent.settled()).toMatchObject({ verdict: 'accepted' })
    store.setOnline(false)
    const receipts = ['a', 'b'].map((title) => store.create(Todo, { title }))
    await store.flushed()
    expect(receipts.map(({ state }) => state)).toEqual(['volatile', 'volatile'])
    gate.open()
    await until(() => storageOf(store) === 'ok')
    expect(receipts.map(({ state }) => state)).toEqual(['queued', 'queued'])
    await store.close()
    const after = await storeOn(inner, { online: false })
    for (const { id } of receipts) expect(after.read(Todo, id)).toBeDefined()
  })

  test('a store over a storage that never answers closes', async () => {
    const gate = gated(memoryStorage())
    const store = await storeOn(gate.storage, { online: false })
    gate.shut('write')
    store.create(Todo, { title: 'lost with the page' })
    await store.close()
    expect(store.status.getState().connection).toBe('closed')
    gate.open()
  })
})
