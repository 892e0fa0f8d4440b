/**
 * What a device stores of its own messages does not grow with what was written on it: what the
 * checkpoint contains is deleted, what waits or was refused is kept.
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
/** Notes that the reviewer cannot decide about, so that their messages wait. */
let undecided: Set<string>

beforeEach(async () => {
  undecided = new Set()
  storage = memoryStorage()
  on = await scene({
    signer,
    keys: await signer.generate(),
    rules: rulesFor(['todo'], (_, { values }) => {
      if (undecided.has(String(values['note']))) throw new Error('not today')
      return values['title'] !== 'bad' || 'no bad titles'
    }),
  })
})
afterEach(() => on.close())

/** `isOffline`: nobody answers. */
function open({
  isOffline = false,
  settledOwnBytesMax = 0,
  checkpointStepsMax = 512,
} = {}): Promise<SyncStore> {
  return on.open({
    entities: [Todo],
    storage,
    limits: { settledOwnBytesMax, checkpointStepsMax },
    platform: { signer, warn: undefined },
    ...(isOffline && { over: () => ({ connect: () => ({ send() {}, close() {} }) }) }),
  })
}

async function stored(): Promise<StoredState> {
  return (await storage.open(() => undefined, SPACE)).read()
}

async function keysOf(kind: 'own' | 'rejections'): Promise<readonly string[]> {
  const { segments } = await stored()
  return segments.flatMap((segment) => (segment.kind === kind ? [segment.key] : []))
}

async function metaKeys(prefix: string): Promise<readonly string[]> {
  const { meta } = await stored()
  return [...meta.keys()].filter((key) => key.startsWith(prefix))
}

/** Rows in separate flushes, each accepted before the next is written. */
async function writeRows(store: SyncStore, count: number): Promise<readonly string[]> {
  const ids: string[] = []
  for (let n = 0; n < count; n++) {
    ids.push(store.create(Todo, { title: `row ${n}` }).id)
    await on.settle()
  }
  await store.flushed()
  return ids
}

describe('accepted messages', () => {
  test('DSK4 their flushes are deleted by the checkpoint that contains them', async () => {
    const store = await open()
    await writeRows(store, 20)
    await vi.waitFor(async () => expect(await keysOf('own')).toEqual([]))
    expect((await stored()).settled.size).toBe(0)
    await store.close()
    const again = await open({ isOffline: true })
    const titles = again.query(Todo).rows.map(({ title }) => title)
    expect(titles.toSorted()).toEqual(Array.from({ length: 20 }, (_, n) => `row ${n}`).toSorted())
    expect(again.query(Todo).rows.every(({ $state }) => $state === 'canonical')).toBe(true)
    expect(again.status.getState()).toMatchObject({ damaged: [], outboxMessages: 0 })
  })

  test('DSK4 before a checkpoint they are kept: the stored tail has hashes in their place', async () => {
    const store = await open({ settledOwnBytesMax: 1_000_000 })
    await writeRows(store, 3)
    await store.close()
    expect(await keysOf('own')).not.toEqual([])
    const again = await open({ isOffline: true })
    expect(again.query(Todo).rows).toHaveLength(3)
    expect(again.status.getState().damaged).toEqual([])
    await again.close()
    // What an earlier visit has left is deleted by the checkpoint of a later one.
    const later = await open()
    await writeRows(later, 1)
    await vi.waitFor(async () => expect(await keysOf('own')).toEqual([]))
  })

  test('DSK4 a message that waits on one that was deleted is no message on a lost draft', async () => {
    undecided.add('waits')
    const store = await open()
    const { id } = store.create(Todo, { title: 'row' })
    await store.flushed()
    store.update(Todo, id, { note: 'waits' })
    await vi.waitFor(() => expect(store.status.getState().outboxMessages).toBe(1))
    await writeRowsBeside(store, 3)
    await vi.waitFor(async () => expect(await keysOf('own')).toHaveLength(1))
    await store.close()

    const again = await open({ isOffline: true })
    expect(again.refused.snapshot()).toEqual([])
    expect(again.peek(Todo, id).row).toMatchObject({ note: 'waits', $state: 'pending' })
    await again.close()
    undecided.clear()
    const online = await open()
    await on.settle()
    expect(online.peek(Todo, id).row).toMatchObject({ note: 'waits', $state: 'canonical' })
  })

  test('DSK3 when no step has come for a while, an eighth of the steps is enough', async () => {
    const store = await open({ settledOwnBytesMax: 1_000_000, checkpointStepsMax: 32 })
    await writeRows(store, 6)
    await vi.waitFor(async () => expect(await keysOf('own')).toEqual([]))
    expect((await stored()).settled.size).toBe(0)
  })

  test('DSK5 of ended sessions nothing is kept, but one opening of their author', async () => {
    for (let n = 0; n < 5; n++) {
      const store = await open()
      await writeRows(store, 2)
      await vi.waitFor(async () => expect(await keysOf('own')).toEqual([]))
      await store.close()
    }
    const last = await open()
    await vi.waitFor(async () => expect(await metaKeys('session:')).toHaveLength(1))
    expect(await metaKeys('opening:')).toHaveLength(1)
    expect((await metaKeys('settled:')).length).toBeLessThan(2)
    await writeRows(last, 1)
    expect(last.query(Todo).rows).toHaveLength(11)
  })
})

describe('refused messages', () => {
  test('DSK5 are kept with what was written until they are dismissed, and deleted then', async () => {
    const store = await open()
    const receipt = store.create(Todo, { title: 'bad', note: 'kept' })
    await vi.waitFor(() => expect(store.refused.snapshot()).toHaveLength(1))
    await writeRows(store, 5)
    await store.close()

    const again = await open()
    await writeRows(again, 5)
    expect(again.refused.snapshot()).toMatchObject([
      { messageId: receipt.messageId, changes: [{ values: { title: 'bad', note: 'kept' } }] },
    ])
    expect(await keysOf('rejections')).toHaveLength(1)
    again.discard(receipt.messageId)
    await vi.waitFor(async () => expect(await keysOf('rejections')).toEqual([]))
    expect(await metaKeys('dismissed:')).toEqual([])
    await writeRows(again, 1)
    await vi.waitFor(async () => expect(await keysOf('own')).toEqual([]))
    await again.close()
    const last = await open({ isOffline: true })
    expect(last.refused.snapshot()).toEqual([])
    expect(last.query(Todo).rows).toHaveLength(11)
  })

  test('DSK5 a dismissed one is kept while another one is not dismissed, or something waits', async () => {
    undecided.add('waits')
    const store = await open()
    const one = store.create(Todo, { title: 'bad', note: 'one' })
    const other = store.create(Todo, { title: 'bad', note: 'other' })
    await vi.waitFor(() => expect(store.refused.snapshot()).toHaveLength(2))
    store.discard(one.messageId)
    await store.flushed()
    expect(await keysOf('rejections')).not.toEqual([])
    store.create(Todo, { title: 'row', note: 'waits' })
    await store.flushed()
    store.discard(other.messageId)
    await vi.waitFor(async () => expect(await metaKeys('dismissed:')).toHaveLength(2))
    await store.flushed()
    expect(await keysOf('rejections')).not.toEqual([])
    undecided.clear()
    await sent(store)
    await store.close()
    await open() // looks again
    await vi.waitFor(async () => expect(await keysOf('rejections')).toEqual([]))
    expect(await metaKeys('dismissed:')).toEqual([])
  })
})

/** Resolves when nothing waits. What a rule failed for is offered again after up to 10 s. */
async function sent(store: SyncStore): Promise<void> {
  await vi.waitFor(() => expect(store.status.getState().outboxMessages).toBe(0))
}

/** As `writeRows`, while another message waits. */
async function writeRowsBeside(store: SyncStore, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const { id } = store.create(Todo, { title: `beside ${n}` })
    await vi.waitFor(() => expect(store.peek(Todo, id).row?.$state).toBe('canonical'))
  }
  await store.flushed()
}
