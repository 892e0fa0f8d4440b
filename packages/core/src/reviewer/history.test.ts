/** The history of one entity: whole messages of it alone, canonical, bounded, newest kept. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Message } from '../message/message.ts'
import { type ReviewedMessage, askHistoryFrame, readHistory } from '../protocol/history.ts'
import { entity } from '../schema/entity.ts'
import { DESK_SPACE, Desk, type DeskOptions, type HandAuthor } from '../testing/desk.ts'
import { sequence } from './assign.ts'

/** Asks, and puts the parts together as a replica does. */
async function history(
  desk: Desk,
  asker: HandAuthor,
  entityId: string,
): Promise<{ messages: ReviewedMessage[]; parts: number; end: string }> {
  asker.heard.length = 0
  asker.send(askHistoryFrame(entityId))
  for (let turn = 0; turn < 30; turn++) await desk.settle()
  const messages: ReviewedMessage[] = []
  let end = 'none'
  const parts = asker.heard.filter((frame) => frame.kind === 'history')
  for (const part of parts) {
    expect(part.entityId).toBe(entityId)
    const read = readHistory(part, DESK_SPACE)
    if (!read.ok) throw new Error(read.error.message)
    messages.unshift(...read.value)
    end = part.end
  }
  return { messages, parts: parts.length, end }
}

const idOf = ({ changes }: Message): string => changes[0]!.meta.entityId
const open = (options: DeskOptions = {}): Promise<Desk> => Desk.open(options)

describe('history', () => {
  test('§22 history: every accepted message of the entity, in canonical order, with its review', async () => {
    const desk = await open()
    const ann = await desk.author('ann')
    const bob = await desk.author('bob')
    const root = ann.create('issue', { title: 'a' })
    const left = ann.change([root], { title: 'b' })
    const right = bob.change([root], { title: 'c' })
    const other = ann.create('issue', { title: 'other' })
    await ann.offer(root, other, left)
    await bob.offer(right)
    const merged = ann.change([left, right], { title: 'd' }, 'resolve')
    const refused = ann.change([root], { title: 'e' }, 'resolve')
    await ann.offer(merged, refused)
    const { messages, end } = await history(desk, bob, idOf(root))
    expect(messages.map(({ message }) => message)).toEqual([root, left, right, merged])
    expect(messages.map(({ review }) => [review.seq, review.forked])).toEqual([
      [1, false],
      [3, false],
      [4, true],
      [5, false],
    ])
    expect(messages[0]!.review.reviewerId).toMatch(/^[0-9a-f-]{36}$/)
    expect(end).toBe('whole')
  })

  test('§22 history: shows of a message with several entities only the one that was asked for', async () => {
    const Invoice = entity('invoice', z.object({ title: z.string(), no: z.number() })).assigned(
      'no',
    )
    const desk = await open({ entities: [Invoice], assign: { invoice: { no: sequence() } } })
    const ann = await desk.author('ann')
    const [mine, hidden] = [ann.ids.next(), ann.ids.next()]
    const both = ann.message([
      { type: 'invoice', id: hidden, kind: 'create', values: { title: 'secret' } },
      { type: 'invoice', id: mine, kind: 'create', values: { title: 'shown' } },
    ])
    await ann.offer(both)
    const { messages } = await history(desk, ann, mine)
    const [{ message, review }] = messages as [ReviewedMessage]
    // The hidden change is a hash, so the id still proves the message.
    expect([message.id, message.hash, message.changes[0]]).toEqual([both.id, both.hash, null])
    expect(message.changes[1]).toEqual(both.changes[1])
    expect(review.assigned).toEqual([{}, { no: 2 }])
    expect(JSON.stringify(ann.heard)).not.toContain('secret')
  })

  test('§22 history: of what nobody knows there is none', async () => {
    const desk = await open()
    const ann = await desk.author('ann')
    expect(await history(desk, ann, ann.ids.next())).toEqual({
      messages: [],
      parts: 1,
      end: 'whole',
    })
  })

  test('§20 bounds: comes in frames that fit, and past the bound the newest are kept', async () => {
    const desk = await open({ limits: { historyMessagesMax: 20, tailMessagesMax: 1 } })
    const ann = await desk.author('ann')
    const messages = [ann.create('issue', { title: 'root' })]
    for (let n = 1; n < 30; n++)
      messages.push(ann.change([messages.at(-1)!], { title: `${n} ${'ü'.repeat(16_000)}` }))
    for (const message of messages) await ann.offer(message)
    await desk.restart({ limits: { historyMessagesMax: 20 } }) // bodies come from the store
    await ann.connect()
    const cut = await history(desk, ann, idOf(messages[0]!))
    expect(cut.messages.map(({ message }) => message.id)).toEqual(
      messages.slice(10).map(({ id }) => id),
    )
    expect([cut.end, cut.parts > 2]).toEqual(['cut', true])
    await desk.restart({ limits: { historyBytesMax: 100_000 } })
    await ann.connect()
    const bytes = await history(desk, ann, idOf(messages[0]!))
    expect([bytes.messages.length, bytes.end]).toEqual([3, 'cut'])
    await desk.restart()
    await ann.connect()
    const whole = await history(desk, ann, idOf(messages[0]!))
    expect([whole.messages.length, whole.end]).toEqual([30, 'whole'])
  })

  test('§20 bounds: a link that asks for too much at once gets what it may wait for, and lives', async () => {
    const desk = await open({ limits: { historiesMax: 2 } })
    const ann = await desk.author('ann')
    const roots = [1, 2, 3].map((n) => ann.create('issue', { n }))
    await ann.offer(...roots)
    for (const root of [...roots, roots[0]!]) ann.send(askHistoryFrame(idOf(root)))
    for (let turn = 0; turn < 10; turn++) await desk.settle()
    expect(ann.heard.filter(({ kind }) => kind === 'history')).toHaveLength(2)
    const third = await history(desk, ann, idOf(roots[2]!))
    expect(third.messages).toHaveLength(1)
    expect(desk.reviewer.state.connections).toBe(1)
  })

  test('§22 history: a store that cannot be read says nothing, and the next question is answered', async () => {
    const desk = await open()
    const ann = await desk.author('ann')
    const root = ann.create('issue', { title: 'a' })
    await ann.offer(root)
    desk.store.faults = { ...desk.store.faults, readFails: () => true }
    expect((await history(desk, ann, idOf(root))).parts).toBe(0)
    expect(desk.events.some(({ type }) => type === 'store_failed')).toBe(true)
    desk.store.faults = { ...desk.store.faults, readFails: () => false }
    expect((await history(desk, ann, idOf(root))).messages).toHaveLength(1)
  })
})
