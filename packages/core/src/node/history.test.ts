/** The history of one entity: whole messages of it alone, canonical, bounded, newest kept. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { entity } from '../schema/entity.ts'
import {
  DESK_SPACE,
  Desk,
  type DeskOptions,
  type HandAuthor,
  type HandMessage,
} from '../testing/desk.ts'
import { BATCH_BOUNDS } from '../wire/bounds.ts'
import { type Term, authorFrame, linesInParts } from '../wire/frames.ts'
import { type ToldMessage, readTold } from '../wire/told.ts'
import { sequence } from '../review/assign.ts'

type Reviewed = ToldMessage & Term

/** Asks, and puts the parts together as a replica does. */
async function history(
  desk: Desk,
  asker: HandAuthor,
  entityId: string,
): Promise<{ messages: Reviewed[]; parts: number; end: string }> {
  asker.heard.length = 0
  asker.send(authorFrame('history', { entityId }))
  for (let turn = 0; turn < 30; turn++) await desk.settle()
  const messages: Reviewed[] = []
  let end = 'none'
  const parts = asker.heard.filter((frame) => frame.kind === 'history')
  for (const part of parts) {
    expect(part.entityId).toBe(entityId)
    const texts = linesInParts(
      part.texts,
      part.messages.map(({ lines }) => lines),
    )!
    const read = texts.map((text, i) => {
      const told = readTold(text, { space: DESK_SPACE, entityId, bounds: BATCH_BOUNDS })
      if (!told.ok) throw new Error(told.error.message)
      return { ...told.value, ...part.terms[part.messages[i]!.term]! }
    })
    messages.unshift(...read)
    end = part.end
  }
  return { messages, parts: parts.length, end }
}

const idOf = ({ changes }: HandMessage): string => changes[0]!.entityId

/** What is told of a message of one change. */
const asTold = ({ id, session, seen, clientSeq, time, changes }: HandMessage): object => ({
  id,
  session,
  seen,
  clientSeq,
  time,
  change: changes[0],
  index: 0,
})
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
    // Who reads a history computes what stood beside what; an author is told of its own.
    expect(bob.heard.at(-1)).toMatchObject({ reviews: [{ seq: 4, forked: true }] })
    const { messages, end } = await history(desk, bob, idOf(root))
    expect(messages).toMatchObject([root, left, right, merged].map(asTold))
    expect(messages.map(({ seq }) => seq)).toEqual([1, 3, 4, 5])
    const { lineage, position } = ann.heard.find((frame) => frame.kind === 'welcome')!
    expect(messages[0]).toMatchObject({
      reviewerId: lineage[0]!.reviewerId,
      eid: position.eid,
      epoch: 1,
      assigned: {},
    })
    expect(end).toBe('whole')
  })

  test('§22 history: shows of a message with several entities only the one that was asked for', async () => {
    const Invoice = entity('invoice', z.object({ title: z.string(), no: z.number() })).assigned(
      'no',
    )
    const desk = await open({ entities: [Invoice], assign: { invoice: { no: sequence() } } })
    const ann = await desk.author('ann')
    const [mine, hidden] = [ann.ids.next(), ann.ids.next()]
    const first = ann.message([
      { type: 'invoice', id: hidden, kind: 'create', values: { title: 'secret' } },
      { type: 'invoice', id: mine, kind: 'create', values: { title: 'shown' } },
    ])
    const [both, next] = ann.together(
      first,
      ann.message([
        { type: 'invoice', id: mine, kind: 'update', values: { title: 'b' }, parents: [first] },
        {
          type: 'invoice',
          id: hidden,
          kind: 'update',
          values: { title: 'secret' },
          parents: [first],
        },
      ]),
    )
    await ann.offer(both!)
    const { messages } = await history(desk, ann, mine)
    // The lines of other changes are hashes, so the id still proves the message.
    expect(messages).toMatchObject([
      { id: both!.id, change: both!.changes[1], index: 1, assigned: { no: 2 } },
      { id: next!.id, change: next!.changes[0], index: 0, assigned: {} },
    ])
    expect(JSON.stringify(ann.heard)).not.toContain('secret')
  })

  test('§22 history: an unknown entity has none', async () => {
    const desk = await open()
    const ann = await desk.author('ann')
    expect(await history(desk, ann, ann.ids.next())).toEqual({
      messages: [],
      parts: 1,
      end: 'whole',
    })
  })

  test('§20 bounds: comes in frames that fit, and past the bound the newest are kept', async () => {
    const desk = await open({ limits: { historyMessagesMax: 20, tailChangesMax: 1 } })
    const ann = await desk.author('ann')
    const messages = [ann.create('issue', { title: 'root' })]
    for (let n = 1; n < 30; n++)
      messages.push(ann.change([messages.at(-1)!], { title: `${n} ${'ü'.repeat(16_000)}` }))
    for (const message of messages) await ann.offer(message)
    await desk.restart({ limits: { historyMessagesMax: 20 } }) // bodies come from the store
    await ann.connect()
    const cut = await history(desk, ann, idOf(messages[0]!))
    expect(cut.messages.map(({ id }) => id)).toEqual(messages.slice(10).map(({ id }) => id))
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
    for (const root of [...roots, roots[0]!])
      ann.send(authorFrame('history', { entityId: idOf(root) }))
    for (let turn = 0; turn < 10; turn++) await desk.settle()
    expect(ann.heard.filter(({ kind }) => kind === 'history')).toHaveLength(2)
    const third = await history(desk, ann, idOf(roots[2]!))
    expect(third.messages).toHaveLength(1)
    expect(desk.reviewer.state.connections).toBe(1)
  })

  test('§22 history: a store that cannot be read gives no answer, and the next request is answered', async () => {
    const desk = await open()
    const ann = await desk.author('ann')
    const root = ann.create('issue', { title: 'a' })
    await ann.offer(root)
    desk.spaces.faults = { ...desk.spaces.faults, readFails: () => true }
    expect((await history(desk, ann, idOf(root))).parts).toBe(0)
    expect(desk.events.some(({ type }) => type === 'store_failed')).toBe(true)
    desk.spaces.faults = { ...desk.spaces.faults, readFails: () => false }
    expect((await history(desk, ann, idOf(root))).messages).toHaveLength(1)
  })
})
