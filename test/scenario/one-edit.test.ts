/** One edit on its whole way: written at once, reviewed, stored, shown on the other screen. */
import { createSyncStore, entity, memoryStorage } from '@countersign/core'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Scene, SPACE, scene } from './wire.ts'

const Issue = entity(
  'issue',
  z.object({ title: z.string(), points: z.number().int().default(0) }),
).index('points', ['points'])

let open: Scene | undefined

afterEach(async () => {
  await open?.close()
  open = undefined
})

describe('one edit', () => {
  it('is readable at once, and canonical on both sides when settled', async () => {
    open = await scene()
    const ann = await open.open({ entities: [Issue] })
    const bob = await open.open({ entities: [Issue] })
    const { id, settled } = bind(ann.create(Issue, { title: 'first' }))
    expect(ann.read(Issue, id)).toMatchObject({ id, title: 'first', points: 0 })
    expect(await settled()).toMatchObject({ verdict: 'accepted', forked: false })
    await open.settle()
    const row = bob.read(Issue, id)!
    expect({ ...row }).toEqual({ id, title: 'first', points: 0 })
    expect(row.$state).toBe('canonical')
    expect(row.$author).toBe(ann.status.getState().authorId)
    expect(row.$reviewer).toBe(ann.read(Issue, id)!.$reviewer)
    expect(bob.query(Issue, { where: { points: 0 } }).rows).toEqual([row])
    expect(bob.query(Issue).complete).toBe(true)
  })

  it('written offline on both sides, meets in one conflict and keeps both values', async () => {
    open = await scene()
    const ann = await open.open({ entities: [Issue] })
    const bob = await open.open({ entities: [Issue] })
    const { id } = ann.create(Issue, { title: 'A' })
    await open.settle()
    ann.setOnline(false)
    bob.setOnline(false)
    ann.update(Issue, id, { title: 'B' })
    bob.update(Issue, id, { title: 'C', points: 3 })
    ann.setOnline(true)
    await open.settle()
    bob.setOnline(true)
    await open.settle()
    expect(ann.read(Issue, id)).toMatchObject({ title: 'B', points: 3 })
    expect(bob.read(Issue, id)).toMatchObject({ title: 'C', points: 3 })
    for (const store of [ann, bob]) {
      const conflicts = store.read(Issue, id)!.$conflicts
      expect(Object.keys(conflicts)).toEqual(['title'])
      expect(conflicts['title']!.candidates.map((candidate) => candidate.value)).toEqual(['B', 'C'])
    }
  })

  it('follows a transaction that wrote nothing', async () => {
    open = await scene()
    const ann = await open.open({ entities: [Issue] })
    expect(ann.transact(() => 7)).toEqual({ result: 7, receipt: undefined })
    const receipt = ann.create(Issue, { title: 'first' })
    expect(await receipt.settled()).toMatchObject({ verdict: 'accepted' })
  })

  it('survives a reopen before and after its verdict', async () => {
    open = await scene()
    const storage = memoryStorage()
    const first = await open.open({ entities: [Issue], storage })
    first.setOnline(false)
    const { id } = first.create(Issue, { title: 'kept' })
    first.update(Issue, id, { points: 5 })
    await first.close()
    const second = await open.open({ entities: [Issue], storage })
    expect(second.status.getState().outboxMessages).toBe(2) // counted before anything is sent
    expect(second.read(Issue, id)).toMatchObject({ title: 'kept', points: 5 })
    await open.settle()
    expect(second.read(Issue, id)!.$state).toBe('canonical')
    await second.close()
    const third = createSyncStore({ server: true, space: SPACE, entities: [Issue], storage })
    await third.ready
    expect(third.read(Issue, id)).toMatchObject({ title: 'kept', points: 5 })
    expect(third.read(Issue, id)!.$state).toBe('canonical')
    expect(third.status.getState().outboxMessages).toBe(0)
    await third.close()
  })

  it('of three rows in a transaction is one message, and a throw writes nothing', async () => {
    open = await scene()
    const ann = await open.open({ entities: [Issue] })
    const { id } = ann.create(Issue, { title: 'one' })
    expect(() =>
      ann.transact(() => {
        ann.update(Issue, id, { title: 'changed' })
        ann.create(Issue, { title: 'two' })
        expect(ann.query(Issue).rows).toHaveLength(2)
        throw new Error('no')
      }),
    ).toThrow('no')
    expect(ann.read(Issue, id)!.title).toBe('one')
    expect(ann.query(Issue).rows).toHaveLength(1)
    const { receipt, result } = ann.transact(() => {
      ann.update(Issue, id, { title: 'changed' })
      return [ann.create(Issue, { title: 'two' }).id, ann.create(Issue, { title: 'three' }).id]
    })
    await receipt!.settled()
    await open.settle()
    expect(open.reviewer.state.seq).toBe(3) // the version of the type is a message, too
    const keys = result.map((rowId) => ann.read(Issue, rowId)!.$createdOrderKey)
    expect(keys).toEqual(['000001.00000000002.001', '000001.00000000002.002'])
  })

  it('that the reviewer refuses is rolled back from view, and its descendants with it', async () => {
    const strict = entity(
      'issue',
      z.object({ title: z.string().max(5), points: z.number().int().default(0) }),
    )
    open = await scene({ entities: [strict] })
    const ann = await open.open({ entities: [Issue] })
    const { id } = ann.create(Issue, { title: 'fine' })
    await open.settle()
    ann.setOnline(false)
    const long = ann.update(Issue, id, { title: 'much too long' })
    const child = ann.update(Issue, id, { points: 8 })
    const other = ann.create(Issue, { title: 'other' })
    ann.setOnline(true)
    expect(await long.settled()).toMatchObject({ verdict: 'rejected', reason: 'invalid' })
    expect(await child.settled()).toMatchObject({ verdict: 'rejected', reason: 'parent_rejected' })
    expect(child.state).toBe('blocked')
    expect(await other.settled()).toMatchObject({ verdict: 'accepted' })
    expect(ann.read(Issue, id)).toMatchObject({ title: 'fine', points: 0 })
  })
})

function bind<T extends { id: string; settled: () => Promise<unknown> }>(
  receipt: T,
): { id: string; settled: T['settled'] } {
  return { id: receipt.id, settled: (() => receipt.settled()) as T['settled'] }
}
