/** An outbox has a bound: a call that would exceed it throws, and changes nothing. */
import { type SyncStore, entity } from '@countersign/core'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { type Scene, scene } from './wire.ts'

const Item = entity('item', z.object({ title: z.string() }))

let open: Scene | undefined

afterEach(async () => {
  await open?.close()
  open = undefined
})

test.each([
  ['messages', { outboxMessagesMax: 3 }, 'x'],
  ['bytes', { outboxBytesMax: 30_000 }, 'x'.repeat(10_000)],
])(
  '§20 outbox, %s: a write throws when it is full, and passes when something has its verdict',
  async (_, limits, title) => {
    open = await scene()
    const store: SyncStore = await open.open({ entities: [Item], limits })
    await open.settle()
    store.setOnline(false)
    for (let n = 0; n < 3; n++) store.create(Item, { title })
    await store.flushed()
    expect(() => store.create(Item, { title })).toThrow(
      expect.objectContaining({ code: 'outbox_full' }),
    )
    expect(store.query(Item).rows).toHaveLength(3)
    expect(store.status.getState().outboxMessages).toBe(3)
    store.setOnline(true)
    await open.settle()
    store.create(Item, { title })
    await open.settle()
    expect(store.query(Item).rows).toHaveLength(4)
  },
)
