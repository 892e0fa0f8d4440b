/**
 * A write that is accepted while a flush is open, on a row with a pending write: a later message of that
 * flush has seen it.
 */
import { entity, memoryStorage } from '@countersign/core'
import type { Transport } from '@countersign/core/ports'
import { afterEach, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { type Scene, scene } from './wire.ts'

const Task = entity('task', z.object({ title: z.string(), note: z.string().default('') }))
const entities = [Task]

let open: Scene | undefined

afterEach(async () => {
  await open?.close()
  open = undefined
})

it('AUT2 what was accepted under a pending edit of an earlier session was seen', async () => {
  open = await scene()
  const storage = memoryStorage()
  const offline = await open.open({
    ...{ entities, storage, over: () => ({ connect: () => silent }) },
    identity: { personalId: () => Promise.resolve('ann') },
  })
  const { id } = offline.create(Task, { title: 'first' })
  await offline.flushed()
  offline.update(Task, id, { note: 'held back' })
  await offline.close()

  const wire = withheld('held back')
  // Until its personal id is known, a store seals nothing: all its messages are in one flush.
  let tell: (personalId: string) => void = () => {}
  const personalId = (): Promise<string> => new Promise((resolve) => (tell = resolve))
  const store = await open.open({ entities, storage, identity: { personalId }, over: wire.over })
  store.create(Task, { title: 'opens the flush' })
  await vi.waitFor(() => expect(store.status.getState().position?.seq).toBe(1))
  expect(store.read(Task, id)).toMatchObject({ $state: 'pending', note: 'held back' })
  store.update(Task, id, { title: 'second' })
  tell('ann')
  wire.release()
  await open.settle()
  const row = { title: 'second', note: 'held back', $conflicts: {} }
  expect(store.read(Task, id)).toMatchObject(row)
  const newcomer = await open.open({ entities })
  await open.settle()
  expect(newcomer.read(Task, id)).toMatchObject(row)
})

const silent = { send: () => {}, close: () => {} }

/** A wire that holds back what the store sends with that text in it. */
function withheld(what: string): {
  readonly over: (honest: Transport) => Transport
  readonly release: () => void
} {
  const held: (() => void)[] = []
  let isOpen = false
  return {
    over: (honest) => ({
      connect: (events) => {
        const link = honest.connect(events)
        return {
          close: () => link.close(),
          send: (text) => {
            if (isOpen || !text.includes(what)) link.send(text)
            else held.push(() => link.send(text))
          },
        }
      },
    }),
    release: () => {
      isOpen = true
      for (const each of held.splice(0)) each()
    },
  }
}
