/** Messages that will never be accepted: out of view, kept, and written again or dismissed. */
import { type RefusedMessage, type SyncStore, entity, memoryStorage } from '@countersign/core'
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

const strictScene = async (): Promise<Scene> => (open = await scene({ entities: [Strict] }))

describe('a message that is never accepted', () => {
  it('S3: in the middle of 1,000, with five descendants: 994 pass, the rest waits for its author', async () => {
    const on = await strictScene()
    const ann = await on.open({ entities: [Loose] })
    const told: RefusedMessage[] = []
    ann.onRejected((message) => told.push(message))
    ann.setOnline(false)
    const ids: string[] = []
    for (let i = 0; i < 499; i++) ids.push(ann.create(Loose, { title: `${i}` }).id)
    const poison = ann.create(Loose, { title: 'far too long' })
    for (let i = 1; i <= 5; i++) ann.update(Loose, poison.id, { points: i })
    for (let i = 0; i < 495; i++) ids.push(ann.create(Loose, { title: `${i}` }).id)
    expect(ann.query(Loose).rows).toHaveLength(995)
    ann.setOnline(true)
    await on.settle()

    expect(on.reviewer.state).toMatchObject({ accepted: 995, seq: 995 }) // and its version
    expect(ann.read(Loose, poison.id)).toBeUndefined()
    expect(await poison.settled()).toMatchObject({ verdict: 'rejected', reason: 'invalid' })
    const tray = ann.refused.snapshot()
    expect(tray.map(({ state }) => state)).toEqual(['rejected', ...Array(5).fill('blocked')])
    expect(tray[0]).toMatchObject({
      reason: 'invalid',
      changes: [{ entity: 'task', kind: 'create', values: { title: 'far too long', points: 0 } }],
      descendants: tray.slice(1).map(({ messageId }) => messageId),
    })
    expect(told.map(({ messageId }) => messageId)).toEqual([poison.messageId])
    expect(ann.status.getState().rejectedMessages).toBe(6)

    // The row exists now: of the six messages the creation becomes an update, and five follow it.
    const again = ann.reauthor(poison.messageId)
    expect(again).toHaveLength(6)
    expect(ann.read(Loose, poison.id)).toMatchObject({ title: 'far too long', points: 5 })
    await on.settle()
    expect(ann.refused.snapshot()).toHaveLength(6)
    ann.discard(again[0]!.messageId)
    expect(ann.refused.snapshot()).toEqual([])
    expect(poison.state).toBe('dismissed')
  })

  it('§6: dependents of a refused message are written again by one action, on the current rows', async () => {
    let allowed = 3
    open = await scene({
      entities: [Loose],
      review: ({ changes }) =>
        changes.some(({ after }) => Number(after?.['points']) > allowed)
          ? 'too many points'
          : undefined,
    })
    const ann = await open.open({ entities: [Loose] })
    const { id } = ann.create(Loose, { title: 'A' })
    await open.settle()
    ann.setOnline(false)
    const poison = ann.update(Loose, id, { points: 9 })
    for (const title of ['B', 'C', 'D', 'E', 'F']) ann.update(Loose, id, { title })
    ann.setOnline(true)
    await open.settle()
    expect(ann.read(Loose, id)).toMatchObject({ title: 'A', points: 0 })
    expect(ann.refused.snapshot()[0]).toMatchObject({
      reason: 'invalid',
      detail: 'too many points',
    })
    allowed = 10
    const receipts = ann.reauthor(poison.messageId)
    const verdicts = await Promise.all(receipts.map((receipt) => receipt.settled()))
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(Array(6).fill('accepted'))
    expect(ann.read(Loose, id)).toMatchObject({ title: 'F', points: 9, $state: 'canonical' })
    expect(ann.refused.snapshot()).toEqual([])
  })

  it('§15: outlives a restart, is dismissed for good, and is created again under its own id', async () => {
    const on = await strictScene()
    const storage = memoryStorage()
    const openAnn = (): Promise<SyncStore> => on.open({ entities: [Loose], storage })
    let ann = await openAnn()
    ann.setOnline(false)
    const poison = ann.create(Loose, { title: 'far too long' })
    ann.update(Loose, poison.id, { points: 4 })
    const dismissed = ann.create(Loose, { title: 'another one, too long' })
    ann.setOnline(true)
    await on.settle()
    ann.discard(dismissed.messageId)
    const before = ann.refused.snapshot()
    expect(before).toHaveLength(2)
    await ann.close()

    ann = await openAnn()
    await on.settle()
    expect(ann.refused.snapshot()).toEqual(before)
    expect(ann.status.getState()).toMatchObject({ rejectedMessages: 2, outboxMessages: 0 })
    expect(() => ann.reauthor(dismissed.messageId)).toThrow(/no refused message/)
    expect(() => ann.discard('nothing')).toThrow(
      expect.objectContaining({ code: 'unknown_message' }),
    )
    const [created] = ann.reauthor(poison.messageId)
    expect(created!.id).toBe(poison.id)
    await on.settle()
    // The message is refused for its title once more, not for the id that an earlier session minted.
    expect(ann.refused.snapshot()[0]).toMatchObject({
      reason: 'invalid',
      detail: expect.stringContaining('title'),
    })
    await ann.close()
    ann = await openAnn()
    expect(ann.refused.snapshot()).toHaveLength(2)
    expect(ann.refused.snapshot()[0]!.messageId).toBe(created!.messageId)
  })

  it('§11: a transaction that expects unchanged rows is refused after a concurrent change', async () => {
    open = await scene()
    const ann = await open.open({ entities: [Loose] })
    const bob = await open.open({ entities: [Loose] })
    const { id } = ann.create(Loose, { title: 'A', points: 1 })
    const sum = ann.create(Loose, { title: 'sum' }).id
    await open.settle()
    ann.setOnline(false)
    const { receipt } = ann.transact(
      () => ann.update(Loose, sum, { points: ann.read(Loose, id)!.points }),
      { expect: [{ entity: Loose, id }] },
    )
    bob.update(Loose, id, { points: 2 })
    await open.settle()
    ann.setOnline(true)
    expect(await receipt!.settled()).toMatchObject({
      verdict: 'rejected',
      reason: 'precondition_failed',
    })
    await open.settle()
    expect(ann.read(Loose, sum)!.points).toBe(0)
    const nested = (): unknown =>
      ann.transact(() => ann.transact(() => {}, { expect: [{ entity: Loose, id }] }))
    expect(nested).toThrow(/inner transaction/)
  })
})
