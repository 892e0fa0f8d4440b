/** Devices with a wrong wall clock: their persons write, and others read what they wrote. */
import { defaultPlatform, entity, memoryStorage } from '@countersign/core'
import { afterEach, expect, it } from 'vitest'
import { z } from 'zod'
import { type Scene, scene } from './wire.ts'

const Todo = entity('todo', z.object({ title: z.string() }))
let open: Scene | undefined

afterEach(async () => {
  await open?.close()
  open = undefined
})

it.each([-86_400_000, -0.5, NaN, Infinity, 2 ** 53 - 1, 1_000.25])(
  '§3 timestamp: a store whose clock says %d writes, is accepted, and is read everywhere',
  async (now) => {
    open = await scene({ entities: [Todo] })
    const { clock } = defaultPlatform()
    const wrong = { ...clock, now: () => now }
    const storage = memoryStorage()
    const identity = { lifetime: 'day' } as const
    const options = { entities: [Todo], storage, identity, platform: { clock: wrong } }
    const ann = await open.open(options)
    const bob = await open.open({ entities: [Todo] })
    const written = ann.create(Todo, { title: 'now' })
    expect(await written.settled()).toMatchObject({ verdict: 'accepted' })
    await open.settle()
    for (const store of [ann, bob]) {
      const { $timestamp } = store.read(Todo, written.id)!
      expect(new Date($timestamp).toISOString()).toEqual(expect.any(String))
    }
    expect((await bob.history(Todo, written.id)).entries).toHaveLength(1)
    await ann.close()
    const again = await open.open(options)
    expect(again.read(Todo, written.id)).toMatchObject({ title: 'now' })
  },
)
