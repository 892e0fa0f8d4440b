/** The status in the same turn as a write: for a `beforeunload` guard of the page, before other code has run. */
import { type SyncStore, createSyncStore, entity, memoryStorage } from '@countersign/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { SPACE } from './wire.ts'

const Task = entity('task', z.object({ title: z.string() }))

let store: SyncStore

beforeEach(async () => {
  store = createSyncStore({
    server: true,
    space: SPACE,
    entities: [Task],
    storage: memoryStorage(),
  })
  await store.ready
})

afterEach(() => store.close())

const unsent = (): number => store.status.getState().outboxMessages

describe('the outbox in the turn of a write', () => {
  it('§6: counts each message at once, for every verb', () => {
    const { id } = store.create(Task, { title: 'a' })
    expect(unsent()).toBe(1)
    store.update(Task, id, { title: 'b' })
    expect(unsent()).toBe(2)
    store.archive(Task, id)
    store.restore(Task, id)
    expect(unsent()).toBe(4)
    store.transact(() => {
      store.update(Task, id, { title: 'c' })
      store.create(Task, { title: 'd' })
      expect(unsent()).toBe(4) // not before the transaction has ended
    })
    expect(unsent()).toBe(5)
    store.undo()
    expect(unsent()).toBe(6)
  })

  it('§6: counts nothing of a transaction that was thrown away', () => {
    const failing = (): unknown =>
      store.transact(() => {
        store.create(Task, { title: 'a' })
        throw new Error('no')
      })
    expect(failing).toThrow('no')
    expect(unsent()).toBe(0)
  })

  it('§6: has the time of the oldest, and notifies subscribers in the same turn', () => {
    const told: number[] = []
    store.status.subscribe(({ outboxMessages }) => told.push(outboxMessages))
    const before = Date.now()
    store.create(Task, { title: 'a' })
    expect(told).toEqual([1])
    expect(store.status.getState().outboxOldestAt).toBeGreaterThanOrEqual(before)
    expect(store.status.getState().undoable).toBe(1)
  })
})
