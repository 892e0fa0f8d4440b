/** Values that the reviewer assigns: gapless, theirs alone, and the same for whoever follows. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { add, rename } from '../schema/lens/steps.ts'
import { entity } from '../schema/entity.ts'
import { Desk, type DeskOptions, type HandAuthor, type HandMessage } from '../testing/desk.ts'
import { chainOfBatch } from '../wire/read-batch.ts'
import type { Accepted } from '../wire/types.ts'
import { type Assigners, sequence, slug } from './assign.ts'

const Invoice = entity(
  'invoice',
  z.object({ title: z.string(), number: z.number().int(), address: z.string().optional() }),
  { idPolicy: 'supplied', onExists: 'fork' },
).assigned('number', 'address')

const assign: Assigners = { invoice: { number: sequence(), address: slug('title') } }
const options: DeskOptions = { entities: [Invoice], assign }

/** What was assigned, by message id, as the tail tells it to somebody who follows. */
async function told(desk: Desk): Promise<Map<string, unknown>> {
  const follower = await desk.author('follower')
  await follower.follow()
  const accepted = follower.batches().flatMap((batch) => batch.accepted)
  return new Map(accepted.map((one) => [one.id, assignedIn(one)]))
}

/** The values of each change; undefined where nothing was assigned. */
function assignedIn({ message, review }: Accepted): unknown {
  if (!message || !review || review.assigned.length === 0) return undefined
  return message.changes.map(
    (_, no) => review.assigned.find(({ change }) => change === no)?.values ?? {},
  )
}

const create = (author: HandAuthor, title: string): HandMessage =>
  author.create('invoice', { title })

describe('sequence', () => {
  test('§4 assigned: numbers are gapless over accepted creations, in their order', async () => {
    const desk = await Desk.open(options)
    const ann = await desk.author('ann')
    const one = create(ann, 'One')
    const wrong = ann.create('invoice', { title: 4 })
    const all = ann.together(
      one,
      wrong,
      ann.create('invoice', { title: 'x', number: 99 }),
      ann.change([wrong], { title: 'y' }),
      create(ann, 'Two'),
      ann.change([one], { title: 'Uno' }),
      create(ann, 'Three'),
    )
    await ann.offer(...all)
    expect(all.map((message) => ann.verdict(message))).toEqual([
      'accepted',
      'invalid',
      'invalid',
      'parent_rejected',
      'accepted',
      'accepted',
      'accepted',
    ])
    const assigned = await told(desk)
    expect([...assigned.keys()]).toEqual([0, 4, 5, 6].map((no) => all[no]!.id))
    expect([...assigned.values()]).toEqual([
      [{ number: 1, address: 'one' }],
      [{ number: 2, address: 'two' }],
      undefined,
      [{ number: 3, address: 'three' }],
    ])
  })

  test('§4 assigned: one message with several creations has a number for each, aligned with its changes', async () => {
    const desk = await Desk.open({
      ...options,
      assign: { invoice: { number: sequence({ start: 10 }), address: slug('title') } },
    })
    const ann = await desk.author('ann')
    const root = create(ann, 'same')
    await ann.offer(root)
    const many = ann.message([
      { type: 'invoice', id: ann.ids.next(), kind: 'create', values: { title: 'same' } },
      {
        type: 'invoice',
        id: root.changes[0]!.entityId,
        kind: 'update',
        values: { title: 'other' },
        parents: [root],
      },
      { type: 'invoice', id: ann.ids.next(), kind: 'create', values: { title: 'same' } },
    ])
    await ann.offer(many)
    expect((await told(desk)).get(many.id)).toEqual([
      { number: 11, address: 'same-2' },
      {},
      { number: 12, address: 'same-3' },
    ])
  })

  test('§4 assigned: goes on after a restart, and a batch that was not committed takes none', async () => {
    const desk = await Desk.open(options)
    const ann = await desk.author('ann')
    const [first, second] = [create(ann, 'a'), create(ann, 'a')]
    await ann.offer(first)
    desk.spaces.faults = { ...desk.spaces.faults, writeFails: () => 'before' }
    await ann.offer(second)
    expect(ann.verdict(second)).toBe('nack unavailable')
    desk.spaces.faults = { ...desk.spaces.faults, writeFails: () => undefined }
    await ann.offer(second)
    // The answer of a commit may be lost, and the number with it must not be.
    desk.spaces.faults = { ...desk.spaces.faults, writeFails: () => 'after' }
    const third = create(ann, 'a')
    await ann.offer(third)
    desk.spaces.faults = { ...desk.spaces.faults, writeFails: () => undefined }
    await desk.restart(options)
    await ann.connect()
    const fourth = create(ann, 'a')
    await ann.offer(third, fourth)
    const assigned = await told(desk)
    expect([first, second, third, fourth].map(({ id }) => assigned.get(id))).toEqual([
      [{ number: 1, address: 'a' }],
      [{ number: 2, address: 'a-2' }],
      [{ number: 3, address: 'a-3' }],
      [{ number: 4, address: 'a-4' }],
    ])
  })

  test('§4 assigned: goes on after numbers that authors gave before the field was assigned', async () => {
    const Before = entity('invoice', z.object({ title: z.string(), number: z.number() }))
    const desk = await Desk.open({ entities: [Before] })
    const ann = await desk.author('ann')
    await ann.offer(ann.create('invoice', { title: 'old', number: 41 }))
    await desk.restart(options)
    await ann.connect()
    const next = create(ann, 'new')
    await ann.offer(next)
    expect((await told(desk)).get(next.id)).toEqual([{ number: 42, address: 'new' }])
  })

  test('§4 assigned: a second root of one entity gets nothing, so that no number is used twice', async () => {
    const desk = await Desk.open(options)
    const ann = await desk.author('ann')
    const bob = await desk.author('bob')
    const id = '6f1c2a34-8a5e-4c1b-9d70-0a1b2c3d4e5f' // supplied: what is minted nobody else may take
    const root = ann.message([{ type: 'invoice', id, kind: 'create', values: { title: 'a' } }])
    const second = bob.message([{ type: 'invoice', id, kind: 'create', values: { title: 'b' } }])
    await ann.offer(root)
    await bob.offer(second)
    expect(bob.verdict(second)).toBe('accepted')
    const next = create(ann, 'c')
    await ann.offer(next)
    const assigned = await told(desk)
    expect(assigned.get(second.id)).toBeUndefined()
    expect(assigned.get(next.id)).toMatchObject([{ number: 2 }])
  })

  test('§5 chain: what was assigned is in the chain', async () => {
    const desk = await Desk.open(options)
    const ann = await desk.author('ann')
    await ann.follow()
    await ann.offer(create(ann, 'a'))
    // Of its own message an author is told the hash, and what was assigned.
    const [batch] = ann.batches()
    expect(batch!.accepted).toMatchObject([
      { isOwn: true, review: { assigned: [{ change: 0, values: { number: 1, address: 'a' } }] } },
    ])
    const tail = ann.heard.findLast((frame) => frame.kind === 'tail')!
    const { chain } = ann.heard.find((frame) => frame.kind === 'welcome')!.position
    const chainOf = (text: string): unknown =>
      chainOfBatch(text, { before: { seq: 0, chain }, sessions: [] })
    expect(chainOf(tail.texts)).toEqual({ ok: true, value: tail.position!.chain })
    const forged = tail.texts.replace('"number":1', '"number":2')
    expect(forged).not.toBe(tail.texts)
    const other = chainOf(forged)
    expect(other).toMatchObject({ ok: true })
    expect(other).not.toEqual({ ok: true, value: tail.position!.chain })
  })
})

describe('versions', () => {
  const shape = { title: z.string() }
  const Old = entity('invoice', z.object({ ...shape, no: z.number().int() }))

  test('§4 assigned: a renamed field keeps its register, and old and new creations count together', async () => {
    const New = Old.version(2, z.object({ ...shape, number: z.number().int() }), [
      rename('no', 'number'),
    ]).assigned('number')
    const desk = await Desk.open({ entities: [New], assign: { invoice: { number: sequence() } } })
    const ann = await desk.author('ann')
    const forged = ann.create('invoice', { title: 'old', no: 7 })
    const messages = [1, 2].map((n) => create(ann, `${n}`))
    await ann.offer(forged, ...messages)
    expect(ann.verdict(forged)).toBe('invalid')
    const assigned = await told(desk)
    expect(messages.map(({ id }) => assigned.get(id))).toEqual([[{ no: 1 }], [{ no: 2 }]])
  })

  test('§4 assigned: a creation of a version without the field needs an upgrade', async () => {
    const Plain = entity('invoice', z.object(shape))
    const New = Plain.version(2, z.object({ ...shape, number: z.number().int() }), [
      add('number', 0),
    ]).assigned('number')
    const desk = await Desk.open({ entities: [New], assign: { invoice: { number: sequence() } } })
    const ann = await desk.author('ann')
    const message = create(ann, 'old')
    await ann.offer(message)
    expect(ann.verdict(message)).toBe('needs_upgrade')
  })
})

describe('slug', () => {
  test.each([
    ['Crème brûlée, 2 Löffel!', 'creme-brulee-2-loffel'],
    ['  --x--  ', 'x'],
    ['', 'invoice'],
    ['日本語 テスト', '日本語-テスト'],
    ['a'.repeat(200), 'a'.repeat(60)],
    [`${'a'.repeat(59)} b`, 'a'.repeat(59)],
    ['\u{1f642}', 'invoice'],
    [`${'a'.repeat(59)}\u{20000}`, 'a'.repeat(59)],
  ])('§4 assigned: %j becomes %j', (title, expected) => {
    const row = { id: '', title } as never
    const context = {
      entity: 'invoice',
      field: 'address',
      row,
      rows: () => [],
      previous: undefined,
    }
    expect(slug('title')({ ...context, taken: () => false })).toBe(expected)
  })

  test('§4 assigned: a name that is taken gets a free number, however many have it', () => {
    const names = new Set<unknown>()
    let asked = 0
    const context = {
      entity: 'invoice',
      field: 'address',
      row: { id: '', title: 'Same' } as never,
      rows: () => [],
      previous: undefined,
      taken: (value: unknown) => ++asked > 0 && names.has(value),
    }
    for (let i = 0; i < 1_000; i++) names.add(slug('title')(context))
    expect(names.size).toBe(1_000)
    expect(names.has('same-1000')).toBe(true)
    expect(asked).toBeLessThan(30_000)
  })
})

describe('a deployment that cannot assign', () => {
  const broken: [string, Assigners][] = [
    ['no assigner', {}],
    ['an assigner of half of it', { invoice: { number: sequence() } }],
    [
      'one that throws',
      {
        ...assign,
        invoice: {
          ...assign['invoice'],
          number: () => {
            throw new Error('no')
          },
        },
      },
    ],
    [
      'one that answers nothing',
      { invoice: { ...assign['invoice'], number: () => undefined as never } },
    ],
    ['one whose value does not fit', { invoice: { ...assign['invoice'], number: () => 'one' } }],
    [
      'one that is async',
      {
        invoice: {
          ...assign['invoice'],
          number: (() => Promise.reject(new Error('later'))) as never,
        },
      },
    ],
  ]
  test.each(broken)(
    '§7 assigned: %s is a nack, and numbers go on when it is mended',
    async (_, wrong) => {
      const desk = await Desk.open({ ...options, assign: wrong })
      const ann = await desk.author('ann')
      const message = create(ann, 'a')
      await ann.offer(message)
      expect(ann.verdict(message)).toBe('nack unavailable')
      expect(desk.events.filter(({ type }) => type === 'rule_failed')).toMatchObject([
        { rule: 'assign' },
      ])
      expect(desk.reviewer.state.seq).toBe(0)
      await desk.restart(options)
      await ann.connect()
      await ann.offer(message)
      expect((await told(desk)).get(message.id)).toEqual([{ number: 1, address: 'a' }])
    },
  )

  test('§7 assigned: an assigner for what no entity declares keeps the reviewer from starting', async () => {
    await expect(Desk.open({ assign })).rejects.toThrow('not among the entities')
    const other = { invoice: { title: slug('title') } }
    await expect(Desk.open({ entities: [Invoice], assign: other })).rejects.toThrow('invoice.title')
  })
})
