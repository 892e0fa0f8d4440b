/** Values that the reviewer assigns: gapless, theirs alone, and the same for whoever follows. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { add, rename } from '../lens/steps.ts'
import { chainAfter } from '../message/chain.ts'
import type { Message } from '../message/message.ts'
import { readRun } from '../protocol/runs.ts'
import { entity } from '../schema/entity.ts'
import { DESK_SPACE, Desk, type DeskOptions, type HandAuthor } from '../testing/desk.ts'
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
  const found = new Map<string, unknown>()
  for (const frame of follower.heard) {
    if (frame.kind !== 'tail') continue
    for (const json of frame.runs) {
      const run = readRun(json, DESK_SPACE)
      if (!run.ok || run.value.body.kind !== 'messages') throw new Error('a run is malformed')
      for (const [i, message] of run.value.body.messages.entries())
        found.set(message.id, run.value.assigned?.get(i))
    }
  }
  return found
}

const create = (author: HandAuthor, title: string): Message => author.create('invoice', { title })

describe('sequence', () => {
  test('§4 assigned: numbers are gapless over accepted creations, in their order', async () => {
    const desk = await Desk.open(options)
    const ann = await desk.author('ann')
    const first = create(ann, 'One')
    const wrong = ann.create('invoice', { title: 4 })
    const given = ann.create('invoice', { title: 'x', number: 99 })
    const child = ann.change([wrong], { title: 'y' })
    const second = create(ann, 'Two')
    const update = ann.change([first], { title: 'Uno' })
    const third = create(ann, 'Three')
    await ann.offer(first, wrong, given, child, second, update, third)
    expect([wrong, given, child].map((message) => ann.verdict(message))).toEqual([
      'invalid',
      'invalid',
      'parent_rejected',
    ])
    const assigned = await told(desk)
    expect([...assigned.keys()]).toEqual([first, second, update, third].map(({ id }) => id))
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
        id: root.changes[0]!.meta.entityId,
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
    desk.store.faults = { ...desk.store.faults, appendFails: () => 'before' }
    await ann.offer(second)
    expect(ann.verdict(second)).toBe('nack unavailable')
    desk.store.faults = { ...desk.store.faults, appendFails: () => undefined }
    await ann.offer(second)
    // The answer of a commit may be lost, and the number with it must not be.
    desk.store.faults = { ...desk.store.faults, appendFails: () => 'after' }
    const third = create(ann, 'a')
    await ann.offer(third)
    desk.store.faults = { ...desk.store.faults, appendFails: () => undefined }
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

  test('§4 assigned: a second root of one entity gets nothing, so that no number stands twice', async () => {
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

  test('§4 chain: what was assigned is in the chain', async () => {
    const desk = await Desk.open(options)
    const ann = await desk.author('ann')
    await ann.follow()
    const start = ann.heard.find(({ kind }) => kind === 'through')
    const message = create(ann, 'a')
    await ann.offer(message)
    const tail = ann.heard.findLast(({ kind }) => kind === 'tail')
    if (start?.kind !== 'through' || tail?.kind !== 'tail') throw new Error('not told')
    const run = readRun(tail.runs[0], DESK_SPACE)
    if (!run.ok) throw new Error(run.error.message)
    const welcome = ann.heard.find(({ kind }) => kind === 'welcome')
    const [epoch] = welcome?.kind === 'welcome' ? welcome.lineage : []
    const link = {
      space: DESK_SPACE,
      reviewerId: epoch!.reviewerId,
      eid: epoch!.eid,
      epoch: 1,
      seq: 1,
      msgId: message.id,
      hash: message.hash,
      forked: false,
      at: run.value.at,
    }
    const assigned = run.value.assigned!.get(0)!
    expect(assigned).toEqual([{ number: 1, address: 'a' }])
    expect(chainAfter(start.position.chain, { ...link, assigned })).toBe(run.value.chain)
    expect(chainAfter(start.position.chain, link)).not.toBe(run.value.chain)
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
