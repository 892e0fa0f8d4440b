/** A store while the parts that write, store and sync are loaded, or cannot be. */
import { afterEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { CountersignError } from '../base/outcome.ts'
import { memoryStorage } from '../ports/memory-storage.ts'
import type { Transport } from '../ports/transport.ts'
import { entity } from '../schema/entity.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { createSyncStore } from './create.ts'
import { SYNC } from './sync-part.ts'
import type { SyncStore } from './store.ts'
import { WRITES } from './sync-store.ts'

const Note = entity('note', { text: z.string() })
const SPACE = '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a10'
const GONE = new CountersignError('unavailable', 'no network')

/** Counts connections; nobody answers. */
class Silence implements Transport {
  connections = 0
  connect(): { send: () => void; close: () => void } {
    this.connections++
    return { send: () => {}, close: () => {} }
  }
}

const stores: SyncStore[] = []

function opened(options: Partial<Parameters<typeof createSyncStore>[0]> = {}): SyncStore {
  const entities = [Note]
  const store = createSyncStore({ server: true, space: SPACE, entities, ...options })
  stores.push(store)
  return store
}

afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all(stores.splice(0).map((store) => store.close()))
})

test('§22 before its parts are there, a store answers reads and refuses writes', async () => {
  const store = opened({ storage: memoryStorage() })
  const live = store.live(Note)
  let changes = 0
  live.subscribe(() => changes++)
  expect(store.read(Note, SPACE)).toBeUndefined()
  expect(store.peek(Note, SPACE).status).toBe('loading')
  expect(live.snapshot()).toMatchObject({ rows: [], complete: false })
  expect(store.refused.snapshot()).toEqual([])
  expect(() => store.live(Note, { where: { nothing: 1 } as never })).toThrow(/nothing/)
  expect(() => store.create(Note, { text: 'early' })).toThrow(
    expect.objectContaining({ code: 'not_ready' }),
  )
  await store.ready
  expect(live.snapshot()).toMatchObject({ rows: [], complete: true })
  const { id } = store.create(Note, { text: 'now' })
  expect(live.snapshot().rows).toEqual([store.read(Note, id)])
  expect(changes).toBeGreaterThan(0)
})

test('§22 what is set before the parts are there holds when they are', async () => {
  const transport = new Silence()
  const store = opened({ transports: [transport] })
  store.setOnline(false)
  await store.ready
  await SYNC.load()
  expect([transport.connections, store.status.getState().connection]).toEqual([0, 'offline'])
  store.setOnline(true)
  await vi.waitFor(() => expect(transport.connections).toBe(1))
})

test('§22 a store that is closed before its parts are there opens nothing', async () => {
  const transport = new Silence()
  const store = opened({ transports: [transport], storage: memoryStorage() })
  await store.close()
  expect(store.status.getState().connection).toBe('closed')
  expect(transport.connections).toBe(0)
  expect(() => store.create(Note, { text: 'late' })).toThrow(
    expect.objectContaining({ code: 'closed' }),
  )
})

test('§22 a store whose parts cannot be loaded rejects, reads nothing, and can be closed', async () => {
  vi.spyOn(WRITES, 'load').mockRejectedValue(GONE)
  const errors: unknown[] = []
  const store = opened({ onError: (error) => errors.push(error) })
  await expect(store.ready).rejects.toBe(GONE)
  expect(errors).toEqual([GONE])
  expect(store.query(Note)).toMatchObject({ rows: [], complete: false })
  await expect(store.history(Note, SPACE)).rejects.toBe(GONE)
  await store.close()
  expect(store.status.getState().connection).toBe('closed')
})

test('§22 what syncs is loaded again after 10 s where it could not be', async () => {
  await WRITES.load()
  const loads = vi.spyOn(SYNC, 'load').mockRejectedValue(GONE)
  const clock = new VirtualClock()
  const transport = new Silence()
  const store = opened({ transports: [transport], platform: { clock }, server: true })
  const pass = async (ms: number): Promise<void> => {
    const until = clock.monotonic() + ms
    clock.after(ms, () => {})
    do await new Promise(setImmediate)
    while ((clock.nextMs ?? Infinity) <= until && clock.step())
  }
  await pass(1_000)
  await store.ready
  expect(store.status.getState()).toMatchObject({
    connection: 'connecting',
    connectionNote: 'no network',
  })
  loads.mockRestore()
  await SYNC.load()
  await pass(8_000)
  expect(transport.connections).toBe(0)
  await pass(2_000)
  expect(transport.connections).toBe(1)
})
