/**
 * A flush of which the reviewer has decided a part, and a device that is opened again before it
 * decides the rest: what was accepted is neither pending once more nor missing.
 */
import { type SyncStore, entity, memoryStorage } from '@countersign/core'
import type { Storage, StoredState } from '@countersign/core/ports'
import { SeededRandom, rulesFor, simSigner } from '@countersign/core/testing'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { SPACE, type Scene, scene } from './wire.ts'

const Todo = entity('todo', z.object({ title: z.string(), note: z.string().default('') }))
const signer = simSigner({ random: new SeededRandom(7) })

let on: Scene
let storage: Storage
/** Titles at which the reviewer's rule fails, so that their messages wait. */
let undecided: Set<string>
/** Steps of the tail that are stored before a checkpoint takes their place. */
let checkpointSteps: number

beforeEach(async () => {
  undecided = new Set(['undecided'])
  checkpointSteps = 100
  storage = memoryStorage()
  on = await scene({
    signer,
    keys: await signer.generate(),
    rules: rulesFor(['todo'], (_, { values }) => {
      if (undecided.has(String(values['title']))) throw new Error('not today')
      return true
    }),
  })
})
afterEach(() => on.close())

/** Of the device whose storage has a flush with an accepted and the undecided creations. */
async function acceptedInPart(): Promise<{ id: string; seq: number }> {
  const store = await open()
  const { id } = store.create(Todo, { title: 'accepted' })
  for (const title of undecided) store.create(Todo, { title })
  await vi.waitFor(() => {
    expect(store.peek(Todo, id).row?.$state).toBe('canonical')
    expect(store.status.getState()).toMatchObject({
      connection: 'online',
      outboxMessages: undecided.size,
    })
  })
  const { seq } = store.status.getState().position!
  await store.close()
  const { meta } = await stored()
  expect([...meta.keys()].some((key) => key.startsWith('accepted:'))).toBe(true)
  return { id, seq }
}

/** Opens the store. `isOffline`: without a connection. */
function open(at = storage, isOffline = false): Promise<SyncStore> {
  return on.open({
    entities: [Todo],
    storage: at,
    checkpointSteps,
    platform: { signer, warn: undefined },
    ...(isOffline && { over: () => ({ connect: () => ({ send() {}, close() {} }) }) }),
  })
}

async function stored(): Promise<StoredState> {
  return (await storage.open(() => undefined, SPACE)).read()
}

/** The storage after a power cut that lost the canonical state and not the outbox; later writes are kept. */
function withoutCanonical(): Storage {
  return {
    async open(onTrouble, space) {
      const handle = await storage.open(onTrouble, space)
      await handle.write({ durability: 'strict', reset: true })
      return handle
    },
  }
}

describe('a flush that was accepted in part', () => {
  test('leaves what is stored of the reviewer as it is: the store opens where it was', async () => {
    const { id, seq } = await acceptedInPart()
    const store = await open(storage, true)
    const status = { position: { seq }, outboxMessages: 1, damaged: [] }
    expect(store.status.getState()).toMatchObject(status)
    expect(store.peek(Todo, id).row).toMatchObject({ title: 'accepted', $state: 'canonical' })
    await store.close()
  })

  test('is pending again where the state that has it is gone, and bears what is written on it', async () => {
    const { id } = await acceptedInPart()
    const store = await open(withoutCanonical(), true)
    expect(store.status.getState().position).toBeNull()
    expect(store.peek(Todo, id).row).toMatchObject({ title: 'accepted', $state: 'pending' })
    store.update(Todo, id, { note: 'on top' })
    await store.flushed()
    await store.close()

    const again = await open(storage, true)
    expect(again.peek(Todo, id).row).toMatchObject({ title: 'accepted', note: 'on top' })
    await again.close()

    undecided.clear()
    const online = await open()
    await on.settle()
    const { row } = online.peek(Todo, id)
    expect(row).toMatchObject({ title: 'accepted', note: 'on top', $state: 'canonical' })
    expect(row!.$conflicts).toEqual({})
    expect(online.query(Todo, {}).rows).toHaveLength(2)
  })
  test('is known by the session that adopts the rest, part by part', async () => {
    undecided = new Set(['undecided', 'later'])
    checkpointSteps = 1
    const first = await open()
    const { id } = first.create(Todo, { title: 'created' })
    await on.settle()
    const edit = first.update(Todo, id, { title: 'accepted' })
    for (const title of undecided) first.create(Todo, { title })
    await edit.settled()
    await first.close()

    undecided.delete('later')
    const second = await open()
    await vi.waitFor(() => expect(second.status.getState().outboxMessages).toBe(1))
    // Waits for a checkpoint in which no write shows that the first edit was accepted.
    for (const title of ['overwritten', 'twice', 'three times'])
      await second.update(Todo, id, { title }).settled()
    await new Promise((resolve) => setTimeout(resolve, 20))
    await second.close()

    const third = await open(storage, true)
    const { row } = third.peek(Todo, id)
    expect(row).toMatchObject({ title: 'three times', $state: 'canonical' })
    expect(row!.$conflicts).toEqual({})
  })
})
