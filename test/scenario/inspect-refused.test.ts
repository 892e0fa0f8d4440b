/** What devtools show of refused messages, and what they do with them through the verbs of the app. */
import { type SyncStore, entity, memoryStorage } from '@countersign/core'
import {
  type InspectSource,
  type MessageRecord,
  inspect,
  stateDigest,
} from '@countersign/core/inspect'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Scene, scene } from './wire.ts'

const shape = z.object({ title: z.string(), points: z.number().int().default(0) })
/** The type as the app declares it, and as its reviewer does, which refuses long titles. */
const Loose = entity('task', shape)
const Strict = entity('task', shape.extend({ title: z.string().max(8) }))

let open: Scene | undefined

afterEach(async () => {
  await open?.close()
  open = undefined
})

const look = (store: SyncStore): InspectSource => inspect(store)!

const refusedOf = async (store: SyncStore): Promise<readonly MessageRecord[]> => {
  const own = await look(store).ask({ kind: 'messages', which: 'own', values: true })
  return own.filter(({ state }) => state === 'rejected' || state === 'blocked')
}

/** A message that the reviewer refuses, and two that depend on it. */
function poison(store: SyncStore): string {
  store.setOnline(false)
  const { id } = store.create(Loose, { title: 'far too long' })
  store.update(Loose, id, { points: 1 })
  store.update(Loose, id, { points: 2 })
  store.setOnline(true)
  return id
}

describe('6: refused messages', () => {
  it('are listed with the messages that block them, and written again with all dependents', async () => {
    open = await scene({ entities: [Strict] })
    const ann = await open.open({ entities: [Loose] })
    const { id } = ann.create(Loose, { title: 'short' })
    await open.settle()
    ann.setOnline(false)
    ann.update(Loose, id, { title: 'far too long' })
    for (const points of [1, 2]) ann.update(Loose, id, { points })
    ann.setOnline(true)
    await open.settle()
    const [first, second, third] = await refusedOf(ann)
    expect(first).toMatchObject({
      state: 'rejected',
      blockedBy: [],
      refusal: { reason: 'invalid' },
    })
    expect(second).toMatchObject({ state: 'blocked', blockedBy: [first!.name] })
    expect(third).toMatchObject({ state: 'blocked', blockedBy: [second!.name] })

    // Written again, the first of the three is refused once more, and the other two depend on it.
    expect(await look(ann).run({ kind: 'retry', message: first!.name })).toEqual({ ok: true })
    await open.settle()
    const again = await refusedOf(ann)
    expect(again.map(({ state }) => state)).toEqual(['rejected', 'blocked', 'blocked'])
    expect(again.map(({ name }) => name)).not.toContain(first!.name)

    expect(await look(ann).run({ kind: 'retry', message: again[1]!.name })).toEqual({ ok: true })
    await open.settle()
    expect(ann.read(Loose, id)).toMatchObject({ title: 'short', points: 2 })
    expect((await refusedOf(ann)).map(({ name }) => name)).toEqual([again[0]!.name])
  })

  it('of an earlier session are listed, retried and discarded by their ids', async () => {
    open = await scene({ entities: [Strict] })
    const storage = memoryStorage()
    let ann = await open.open({ entities: [Loose], storage })
    poison(ann)
    await open.settle()
    const before = await refusedOf(ann)
    await ann.close()
    ann = await open.open({ entities: [Loose], storage })
    ann.create(Loose, { title: 'new' })
    await open.settle()
    const refused = await refusedOf(ann)
    const ids = before.map((each) => each.id)
    expect(refused.map(({ id, name, own, state }) => [id, name, own, state])).toEqual([
      [ids[0], ids[0], true, 'rejected'],
      [ids[1], ids[1], true, 'blocked'],
      [ids[2], ids[2], true, 'blocked'],
    ])
    expect(refused.map(({ blockedBy }) => blockedBy)).toEqual([[], [ids[0]], [ids[1]]])
    expect(refused.map(({ changes }) => changes[0]!.values)).toEqual([
      [0, 'far too long'],
      [1],
      [2],
    ])
    const one = { kind: 'messages', which: { name: ids[1]! }, values: false } as const
    expect(await look(ann).ask(one)).toMatchObject([
      { id: ids[1], changes: [{ regs: ['points'] }] },
    ])
    expect(await look(ann).run({ kind: 'discard', message: ids[1]! })).toEqual({ ok: true })
    expect((await refusedOf(ann)).map(({ id }) => id)).toEqual([ids[0]])
    expect(await look(ann).run({ kind: 'retry', message: ids[0]! })).toEqual({ ok: true })
    expect(await refusedOf(ann)).toEqual([])
    expect(await look(ann).run({ kind: 'discard', message: ids[0]! })).toMatchObject({ ok: false })
  })

  it('9: as stale are listed with the winning decision', async () => {
    open = await scene()
    const [ann, bob] = [
      await open.open({ entities: [Loose] }),
      await open.open({ entities: [Loose] }),
    ]
    const { id } = ann.create(Loose, { title: 'A' })
    await open.settle()
    ann.setOnline(false)
    ann.resolve(Loose, id, { title: 'by ann' })
    bob.resolve(Loose, id, { title: 'by bob' })
    await open.settle()
    ann.setOnline(true)
    await open.settle()
    const { authorId } = bob.status.getState()
    const [stale] = await refusedOf(ann)
    expect(stale).toMatchObject({
      refusal: { reason: 'stale' },
      standing: [{ type: 'task', id, reg: 'title', authorId, value: 'by bob' }],
    })
    const own = await look(ann).ask({ kind: 'messages', which: 'own', values: false })
    expect(JSON.stringify(own)).not.toContain('by bob')
  })
})

describe('8: states of rows', () => {
  it('are equal where the rows are, with a verdict or without, and differ where they do', async () => {
    open = await scene()
    const [ann, bob] = [
      await open.open({ entities: [Loose] }),
      await open.open({ entities: [Loose] }),
    ]
    const digests = async (store: SyncStore): Promise<readonly string[]> =>
      (await look(store).ask({ kind: 'states' })).map(stateDigest).toSorted()
    const { id } = ann.create(Loose, { title: 'A' })
    ann.create(Loose, { title: 'B' })
    await open.settle()
    ann.setOnline(false)
    ann.update(Loose, id, { title: 'by ann' })
    bob.update(Loose, id, { title: 'by bob' })
    await open.settle()
    const pending = await digests(ann)
    expect(pending).toHaveLength(2)
    expect(await digests(bob)).not.toEqual(pending)
    ann.setOnline(true)
    await open.settle()
    expect(await digests(ann)).toEqual(await digests(bob))
    const states = await look(ann).ask({ kind: 'states' })
    const row = states.find((state) => state.id === id)!
    expect(row.heads).toHaveLength(2)
    const values = new Set(row.live['title']!.map(({ value }) => value))
    expect(values).toEqual(new Set(['by ann', 'by bob']))
  })
})
