/**
 * On pages that paint: a write is stored in its own turn, and hashed and sealed after the paint that it
 * causes, or as soon as the page may end.
 */
import {
  type SyncStore,
  createSyncStore,
  defaultPlatform,
  entity,
  memoryStorage,
} from '@countersign/core'
import type { StorageHandle } from '@countersign/core/ports'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { SPACE } from './wire.ts'

const Task = entity('task', z.object({ title: z.string() }))

let store: SyncStore
let handle: StorageHandle
let waiting: Set<() => void>
let hide: (() => void) | undefined

beforeEach(async () => {
  waiting = new Set()
  const storage = memoryStorage()
  handle = await storage.open(() => {}, SPACE)
  const { clock } = defaultPlatform()
  const afterPaint = (task: () => void): (() => void) => {
    waiting.add(task)
    return () => waiting.delete(task)
  }
  const onHide = (listener: () => void): (() => void) => {
    hide = listener
    return () => (hide = undefined)
  }
  const platform = { clock: { ...clock, afterPaint }, onHide }
  store = createSyncStore({ space: SPACE, entities: [Task], storage, platform })
  await store.ready
})

afterEach(() => store.close())

/** Paints the page, and runs its next turn. */
function paint(): void {
  const due = [...waiting]
  waiting.clear()
  for (const task of due) task()
}

/** What is stored, in order, by kind. */
async function stored(): Promise<readonly string[]> {
  const { segments } = await handle.read()
  return segments.map(({ kind }) => kind)
}

describe('the paint of a write', () => {
  it('§6: comes before hash and seal, and after the draft is stored', async () => {
    store.transact(() => {
      for (let i = 0; i < 100; i++) store.create(Task, { title: `${i}` })
    })
    store.create(Task, { title: 'beside' })
    await Promise.resolve()
    expect(await stored()).toEqual(['draft'])
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(await stored()).toEqual(['draft'])
    paint()
    await vi.waitFor(async () => expect(await stored()).toEqual(['own']))
  })

  it('§6: what is written after one paint waits for the next', async () => {
    const first = store.create(Task, { title: 'a' })
    await Promise.resolve()
    const due = [...waiting]
    waiting.clear()
    const second = store.create(Task, { title: 'b' })
    await Promise.resolve()
    for (const task of due) task()
    await vi.waitFor(() => expect(first.state).toBe('queued'))
    expect(second.state).toBe('draft')
    expect(await stored()).toEqual(['draft', 'own'])
    paint()
    await vi.waitFor(() => expect(second.state).toBe('queued'))
    expect(await stored()).toEqual(['own', 'own'])
  })

  it('§6: `flushed` does not wait for it', async () => {
    store.create(Task, { title: 'a' })
    await store.flushed()
    expect(await stored()).toEqual(['own'])
    expect(waiting.size).toBe(0)
  })

  it('§6: a page that is hidden, frozen or left seals at once, and its store lets go of it when closed', async () => {
    store.create(Task, { title: 'a' })
    await Promise.resolve()
    hide!()
    await vi.waitFor(async () => expect(await stored()).toEqual(['own']))
    hide!() // nothing is left to seal
    await store.close()
    expect(hide).toBeUndefined()
  })
})
