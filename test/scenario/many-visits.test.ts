/**
 * A person without a network who opens the app again and again, and changes the same row each time:
 * each visit is a session of its own, and each change names those that still wait.
 */
import { type SyncStore, entity, memoryStorage } from '@countersign/core'
import type { Storage, Transport } from '@countersign/core/ports'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type OpenOptions, type Scene, scene } from './wire.ts'

const Issue = entity('issue', z.object({ title: z.string(), points: z.number().default(0) }))
const silent = { send: () => {}, close: () => {} }
const noNetwork = (): Transport => ({ connect: () => silent })

let open: Scene

afterEach(() => open.close())

/** A visit without a network. */
function visit(storage: Storage, limits: OpenOptions['limits'] = {}): Promise<SyncStore> {
  return open.open({ entities: [Issue], storage, limits, over: noNetwork })
}

/** The first visit creates the row, and each later one changes it. */
async function visits(storage: Storage, count: number): Promise<string> {
  const first = await visit(storage)
  const { id } = first.create(Issue, { title: 'visit 0' })
  await first.flushed()
  await first.close()
  for (let n = 1; n < count; n++) {
    const store = await visit(storage)
    expect(store.read(Issue, id)?.title).toBe(`visit ${n - 1}`)
    store.update(Issue, id, { title: `visit ${n}` })
    await store.flushed()
    await store.close()
  }
  return id
}

describe('ADM7 a change names at most 1,024 visits that wait', () => {
  it('140 visits without a network are all accepted once there is one, without a conflict', async () => {
    open = await scene()
    const storage = memoryStorage()
    const id = await visits(storage, 140)
    const store = await open.open({ entities: [Issue], storage })
    await open.settle()
    expect(store.read(Issue, id)).toMatchObject({ title: 'visit 139', $conflicts: {} })
    expect(store.refused.snapshot()).toEqual([])
    expect(open.reviewer.state.seq).toBeGreaterThanOrEqual(140)
  })

  it('one more is an error that changes nothing, and what waits is sent as ever', async () => {
    open = await scene()
    const storage = memoryStorage()
    const id = await visits(storage, 4)
    const store = await visit(storage, { ownSpansMax: 3 })
    const before = store.status.getState().outboxMessages
    expect(() => store.update(Issue, id, { title: 'one visit too many' })).toThrow(
      expect.objectContaining({
        code: 'too_large',
        message: expect.stringContaining('unsent changes of more visits') as string,
      }) as Error,
    )
    expect(store.read(Issue, id)).toMatchObject({ title: 'visit 3', $conflicts: {} })
    expect(store.status.getState().outboxMessages).toBe(before)
    // Another row has no such visits.
    const other = store.create(Issue, { title: 'another' })
    await store.flushed()
    await store.close()
    const again = await open.open({ entities: [Issue], storage })
    await open.settle()
    expect(again.read(Issue, id)).toMatchObject({ title: 'visit 3', $conflicts: {} })
    expect(again.read(Issue, other.id)?.title).toBe('another')
  })
})
