/** Stores of several spaces over one storage: each as if it had the storage to itself. */
import { entity, memoryStorage } from '@countersign/core'
import type { Storage } from '@countersign/core/ports'
import { dexieStorage } from '@countersign/storage-dexie'
import 'fake-indexeddb/auto'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { SPACE, type Scene, scene } from './wire.ts'

const Todo = entity('todo', z.object({ title: z.string() }))
const OTHER = '0f8fad5b-d9cb-469f-a165-70867728950e'

let scenes: Scene[] = []

afterEach(async () => {
  for (const each of scenes) await each.close()
  scenes = []
})

describe.for<[string, () => Storage]>([
  ['memory', memoryStorage],
  ['IndexedDB', () => dexieStorage(crypto.randomUUID(), { persist: false })],
])('two spaces in one storage (%s)', ([, makeStorage]) => {
  test('each follows its own reviewer, keeps its rows and its author, and sends its own outbox', async () => {
    const storage = makeStorage()
    const homes = [await spaceWith(SPACE, storage), await spaceWith(OTHER, storage)] as const
    const authors: (string | undefined)[] = []
    for (const [index, { scene: home, open }] of homes.entries()) {
      const store = await open()
      store.create(Todo, { title: `seen ${index}` })
      await home.settle()
      authors.push(store.status.getState().authorId)
      store.setOnline(false)
      store.create(Todo, { title: `waits ${index}` })
      await store.close()
    }
    expect(authors[0]).not.toBe(authors[1])
    for (const [index, { scene: home, open }] of homes.entries()) {
      const store = await open()
      const titles = store.query(Todo).rows.map(({ title }) => title)
      expect(titles.sort()).toEqual([`seen ${index}`, `waits ${index}`])
      expect(store.status.getState().authorId).toBe(authors[index])
      await home.settle()
      expect(store.status.getState()).toMatchObject({ connection: 'online', outboxMessages: 0 })
    }
  })
})

async function spaceWith(space: string, storage: Storage) {
  const home = await scene({ space })
  scenes.push(home)
  return { scene: home, open: () => home.open({ entities: [Todo], space, storage }) }
}
