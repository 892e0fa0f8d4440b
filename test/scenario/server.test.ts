/** A store that is made where there is no window: inert, unless it says that it runs on a server. */
import { createSyncStore, entity } from '@countersign/core'
import type { Storage, Transport } from '@countersign/core/ports'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { SPACE } from './wire.ts'

const Task = entity('task', z.object({ title: z.string() }))

const untouched: Storage & Transport = {
  open: () => expect.unreachable('a storage was opened'),
  connect: () => expect.unreachable('a connection was made'),
  onWake: () => expect.unreachable('events of the page were subscribed'),
}
const options = {
  space: SPACE,
  entities: [Task],
  storage: untouched,
  transports: [untouched],
  identity: { personalId: () => expect.unreachable('a person was asked for') },
}

it('without `server`: opens nothing, is empty, never complete, and refuses writes', async () => {
  const store = createSyncStore(options)
  await store.ready
  const { rows, complete } = store.query(Task)
  expect([rows, complete]).toEqual([[], false])
  expect(store.peek(Task, SPACE).status).toBe('loading')
  // The browser first renders the same as the server, before its store has opened.
  expect(store.status.getState()).toEqual(store.status.getInitialState())
  expect(() => store.create(Task, { title: 'x' })).toThrow(/inert.*`server: true`/)
  expect(() => store.transact(() => 1)).toThrow(/inert/)
  await expect(store.history(Task, SPACE)).rejects.toMatchObject({ code: 'unavailable' })
  store.setOnline(true)
  await store.flushed()
  await store.close()
})

it('with `server: true`: a store like any other', async () => {
  const store = createSyncStore({ space: SPACE, entities: [Task], server: true })
  await store.ready
  const { id } = store.create(Task, { title: 'x' })
  expect(store.read(Task, id)).toMatchObject({ title: 'x' })
  await store.close()
})

it('where there is a window: a store like any other', async () => {
  Object.assign(globalThis, { window: {} })
  try {
    const store = createSyncStore({ space: SPACE, entities: [Task] })
    await store.ready
    expect(store.create(Task, { title: 'x' }).state).toBe('draft')
    await store.close()
  } finally {
    Reflect.deleteProperty(globalThis, 'window')
  }
})
