/** Conflicts as values: found by parents, kept in every store, resolved by an ordinary message. */
import { CONFLICT, type SyncStore, entity } from '@countersign/core'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Scene, scene } from './wire.ts'

const shape = z.object({
  title: z.string(),
  done: z.boolean().default(false),
  points: z.number().int().default(0),
  tags: z.array(z.string()).default([]),
})
const Task = entity('task', shape).index('title', ['title'])

let open: Scene | undefined

afterEach(async () => {
  await open?.close()
  open = undefined
})

/** Lets both write offline, then has their messages accepted in that order. */
async function apart(stores: readonly SyncStore[], writes: readonly (() => void)[]): Promise<void> {
  for (const store of stores) store.setOnline(false)
  for (const write of writes) write()
  for (const store of stores) {
    store.setOnline(true)
    await open!.settle()
  }
}

describe('two who write the same field', () => {
  it('§9: Ann, Bob and Cy, message for message', async () => {
    open = await scene()
    const entities = [Task]
    const ann = await open.open({ entities })
    const bob = await open.open({ entities })
    const cy = await open.open({ entities })
    const { id } = ann.create(Task, { title: 'A' })
    await open.settle()
    const m1 = cy.read(Task, id)!.$heads[0]!
    await apart(
      [ann, bob],
      [
        () => ann.update(Task, id, { title: 'B' }),
        () => bob.update(Task, id, { title: 'C', done: true }),
      ],
    )
    const both = cy.read(Task, id)!
    expect(both.$heads).toHaveLength(2)
    expect(both.$heads).not.toContain(m1)
    expect(both).toMatchObject({ title: 'B', done: true })
    expect(Object.keys(both.$conflicts)).toEqual(['title'])
    expect(both.$conflicts['title']).toMatchObject({
      base: 'A',
      candidates: [
        { value: 'B', authorId: ann.status.getState().authorId, mine: false, pending: false },
        { value: 'C', authorId: bob.status.getState().authorId, mine: false, pending: false },
      ],
    })
    // Each author is shown their own value until one of them resolves the conflict.
    expect(bob.read(Task, id)!.title).toBe('C')

    cy.update(Task, id, { done: false })
    await open.settle()
    const after = ann.read(Task, id)!
    expect(after.$heads).toHaveLength(1)
    expect(after.done).toBe(false)
    expect(Object.keys(after.$conflicts)).toEqual(['title'])
    expect(after.$conflicts['title']!.base).toBe('A')

    ann.setOnline(false)
    bob.setOnline(false)
    const won = ann.resolve(Task, id, { title: 'B+C' })
    const lost = bob.resolve(Task, id, { title: 'mine' })
    ann.setOnline(true)
    await open.settle()
    bob.setOnline(true)
    await open.settle()
    expect(await won.settled()).toMatchObject({ verdict: 'accepted' })
    expect(await lost.settled()).toMatchObject({
      verdict: 'rejected',
      reason: 'stale',
      standing: [{ entity: 'task', id, field: 'title', value: 'B+C' }],
    })
    for (const store of [ann, bob, cy]) {
      expect(store.read(Task, id)).toMatchObject({ title: 'B+C', done: false })
      expect(store.read(Task, id)!.$conflicts).toEqual({})
      expect(store.conflicts().snapshot()).toEqual([])
    }
  })

  it('§9: the list of conflicts keeps its identity, notifies of changes, and resolves', async () => {
    open = await scene()
    const ann = await open.open({ entities: [Task] })
    const bob = await open.open({ entities: [Task] })
    const { id } = ann.create(Task, { title: 'A' })
    const other = ann.create(Task, { title: 'untouched' }).id
    await open.settle()
    const list = bob.conflicts(Task)
    let told = 0
    const end = list.subscribe(() => told++)
    await apart(
      [ann, bob],
      [
        () => ann.update(Task, id, { title: 'B' }),
        () => bob.update(Task, id, { title: 'C', points: 3 }),
      ],
    )
    expect(told).toBeGreaterThan(0)
    const [conflict] = list.snapshot()
    expect(list.snapshot()).toHaveLength(1)
    expect(conflict).toMatchObject({ id, field: 'title', base: 'A', entity: Task })
    bob.update(Task, other, { points: 8 })
    expect(list.snapshot()[0]).toBe(conflict)
    expect(() => conflict!.resolve(7)).toThrow(/title/)
    conflict!.resolve('D')
    expect(list.snapshot()).toEqual([])
    await open.settle()
    expect(ann.read(Task, id)!.title).toBe('D')
    expect(ann.conflicts().snapshot()).toEqual([])
    end()
  })

  it('§9: typing into a field in conflict leaves the other candidate standing', async () => {
    open = await scene()
    const ann = await open.open({ entities: [Task] })
    const bob = await open.open({ entities: [Task] })
    const { id } = ann.create(Task, { title: 'A' })
    await open.settle()
    await apart(
      [ann, bob],
      [() => ann.update(Task, id, { title: 'B' }), () => bob.update(Task, id, { title: 'C' })],
    )
    ann.update(Task, id, { title: 'B2' })
    await open.settle()
    const values = bob.read(Task, id)!.$conflicts['title']!.candidates.map(({ value }) => value)
    expect(values).toEqual(['C', 'B2'])
    // A resolve of another field must not drop a candidate of this one.
    const mixed = (): unknown =>
      ann.transact(() => {
        ann.resolve(Task, id, { points: 1 })
        ann.update(Task, id, { title: 'B3' })
      })
    expect(mixed).toThrow(/title is in conflict/)
    expect(ann.read(Task, id)!.title).toBe('B2')
  })

  it('S15 index = scan: a row in conflict is found under every candidate, and once', async () => {
    open = await scene()
    const ann = await open.open({ entities: [Task] })
    const bob = await open.open({ entities: [Task] })
    const { id } = ann.create(Task, { title: 'A' })
    await open.settle()
    await apart(
      [ann, bob],
      [
        () => ann.update(Task, id, { title: 'B', points: 1 }),
        () => bob.update(Task, id, { title: 'C', points: 2 }),
      ],
    )
    const found = (where: object): number => ann.query(Task, { where }).rows.length
    expect([{ title: 'B' }, { title: 'C' }, { title: 'A' }].map(found)).toEqual([1, 1, 0])
    expect(found({ title: 'B', points: 2 })).toBe(1)
    expect(found({ title: { in: ['B', 'C'] } })).toBe(1)
    const live = ann.live(Task, { where: { title: 'C' } })
    expect(live.snapshot().rows[0]).toBe(ann.read(Task, id))
    ann.resolve(Task, id, { title: 'B', points: 1 })
    expect(live.snapshot().rows).toEqual([])
  })
})

describe('policies', () => {
  it('§9: first, last and a merge function decide at reading, and write nothing', async () => {
    const add = (base: number | undefined, values: readonly number[]): number =>
      values.reduce((sum, value) => sum + value - (base ?? 0), base ?? 0)
    const Policy = entity('task', shape).conflicts({
      title: 'first',
      done: 'last',
      points: add,
      tags: (_, lists) =>
        lists.some((list) => list.includes('stop')) ? CONFLICT : [...new Set(lists.flat())].sort(),
    })
    open = await scene()
    const ann = await open.open({ entities: [Policy] })
    const bob = await open.open({ entities: [Policy] })
    const { id } = ann.create(Policy, { title: 'A', points: 10 })
    await open.settle()
    const before = open.reviewer.state.seq
    await apart(
      [ann, bob],
      [
        () => ann.update(Policy, id, { title: 'B', done: true, points: 13, tags: ['x'] }),
        () => bob.update(Policy, id, { title: 'C', done: false, points: 9, tags: ['y'] }),
      ],
    )
    for (const store of [ann, bob]) {
      expect(store.read(Policy, id)).toMatchObject({
        title: 'B',
        done: false,
        points: 12,
        tags: ['x', 'y'],
      })
      expect(store.read(Policy, id)!.$conflicts).toEqual({})
      expect(store.query(Policy, { where: { points: 12 } }).rows).toHaveLength(1)
    }
    expect(open.reviewer.state.seq).toBe(before + 2)
    await apart(
      [ann, bob],
      [
        () => ann.update(Policy, id, { tags: ['stop'] }),
        () => bob.update(Policy, id, { tags: ['go'] }),
      ],
    )
    expect(Object.keys(ann.read(Policy, id)!.$conflicts)).toEqual(['tags'])
  })

  it('§9: a merge function that throws or makes nonsense leaves the conflict open', async () => {
    const Policy = entity('task', shape).conflicts({
      title: () => {
        throw new Error('no idea')
      },
      points: () => 1.5,
    })
    open = await scene()
    const ann = await open.open({ entities: [Policy] })
    const bob = await open.open({ entities: [Policy] })
    const { id } = ann.create(Policy, { title: 'A' })
    await open.settle()
    await apart(
      [ann, bob],
      [
        () => ann.update(Policy, id, { title: 'B', points: 1 }),
        () => bob.update(Policy, id, { title: 'C', points: 2 }),
      ],
    )
    expect(Object.keys(bob.read(Policy, id)!.$conflicts).sort()).toEqual(['points', 'title'])
    expect(ann.read(Policy, id)!.title).toBe('B')
  })

  it('§9: of scope row, changes of different fields are a conflict, too', async () => {
    const Whole = entity('task', shape).conflicts({}, { scope: 'row' })
    open = await scene()
    const ann = await open.open({ entities: [Whole] })
    const bob = await open.open({ entities: [Whole] })
    const { id } = ann.create(Whole, { title: 'A', points: 1 })
    await open.settle()
    await apart(
      [ann, bob],
      [() => ann.update(Whole, id, { title: 'B' }), () => bob.update(Whole, id, { points: 2 })],
    )
    const { $conflicts } = ann.read(Whole, id)!
    expect($conflicts['title']).toMatchObject({
      base: undefined,
      candidates: [{ value: 'B' }],
    })
    expect($conflicts['points']).toMatchObject({
      base: undefined,
      candidates: [{ value: 2 }],
    })
    bob.resolve(Whole, id, { title: 'B', points: 1 })
    await open.settle()
    expect(ann.read(Whole, id)).toMatchObject({ title: 'B', points: 1, $conflicts: {} })
  })

  it('§9: a merge of two valid rows that breaks their rule is a conflict, and blocks nothing', async () => {
    const Ruled = entity('task', shape, {
      rule: (row) =>
        row['done'] === true && row['points'] === 0 ? 'done needs points' : undefined,
    })
    open = await scene()
    const ann = await open.open({ entities: [Ruled] })
    const bob = await open.open({ entities: [Ruled] })
    const { id } = ann.create(Ruled, { title: 'A', points: 3 })
    await open.settle()
    await apart(
      [ann, bob],
      [() => ann.update(Ruled, id, { done: true }), () => bob.update(Ruled, id, { points: 0 })],
    )
    expect(Object.keys(ann.read(Ruled, id)!.$conflicts).sort()).toEqual(['done', 'points'])
    ann.update(Ruled, id, { title: 'still writable' })
    expect(() => ann.update(Ruled, ann.create(Ruled, { title: 'x' }).id, { done: true })).toThrow(
      /done needs points/,
    )
  })

  it.each([
    ['surface', true, false],
    ['archive-wins', false, true],
    ['edit-wins', false, false],
  ] as const)('§9: archived beside an edit: %s', async (archived, inConflict, isArchived) => {
    const Kept = entity('task', shape).conflicts({}, { archived })
    open = await scene()
    const ann = await open.open({ entities: [Kept] })
    const bob = await open.open({ entities: [Kept] })
    const { id } = ann.create(Kept, { title: 'A' })
    await open.settle()
    await apart(
      [ann, bob],
      [() => ann.archive(Kept, id), () => bob.update(Kept, id, { points: 5 })],
    )
    for (const store of [ann, bob]) {
      const peek = store.peek(Kept, id)
      expect(peek.status).toBe(isArchived ? 'archived' : 'ready')
      expect('$archived' in peek.row!.$conflicts).toBe(inConflict)
    }
    // An edit does not resolve the conflict; under a policy that shows the row, the row stays shown.
    bob.update(Kept, id, { title: 'B' })
    await open.settle()
    expect(ann.peek(Kept, id).status).toBe(isArchived ? 'archived' : 'ready')
    bob.undo()
    await open.settle()
    expect(ann.peek(Kept, id)).toMatchObject({
      status: isArchived ? 'archived' : 'ready',
      row: { title: 'A' },
    })
    expect('$archived' in ann.peek(Kept, id).row!.$conflicts).toBe(inConflict)
    if (!inConflict) return
    const [conflict] = bob.conflicts(Kept).snapshot()
    expect(conflict!.candidates.map(({ value }) => value)).toEqual([true, false])
    conflict!.resolve(true)
    await open.settle()
    expect(ann.peek(Kept, id).status).toBe('archived')
    expect(ann.conflicts().snapshot()).toEqual([])
  })

  it('§9: three edits concurrent with one archive: the newest of them conflicts with it, at all replicas', async () => {
    for (const archiveAt of [0, 1, 3]) {
      open = await scene()
      const stores = await Promise.all([0, 1, 2, 3].map(() => open!.open({ entities: [Task] })))
      const [ann, bob, cy, dan] = stores as [SyncStore, SyncStore, SyncStore, SyncStore]
      const { id } = ann.create(Task, { title: 'A' })
      await open.settle()
      for (const store of stores) store.setOnline(false)
      ann.archive(Task, id)
      bob.update(Task, id, { title: 'B' })
      cy.update(Task, id, { points: 5 })
      dan.update(Task, id, { done: true })
      const edits = [bob, cy, dan]
      for (const store of [...edits.slice(0, archiveAt), ann, ...edits.slice(archiveAt)]) {
        store.setOnline(true)
        await open.settle()
      }
      for (const store of stores) {
        const { status, row } = store.peek(Task, id)
        expect([status, Object.keys(row!.$conflicts)]).toEqual(['ready', ['$archived']])
        expect(row).toMatchObject({ title: 'B', points: 5, done: true })
        const [archive, edit] = row!.$conflicts['$archived']!.candidates
        expect([archive!.value, edit!.value]).toEqual([true, false])
        expect(archive!.authorId).toBe(ann.status.getState().authorId)
        expect(edit!.authorId).toBe(dan.status.getState().authorId)
      }
      // Each of the three alone would have been a conflict; one resolve settles all of them.
      cy.conflicts().snapshot()[0]!.resolve(true)
      await open.settle()
      for (const store of stores) {
        expect(store.peek(Task, id).status).toBe('archived')
        expect(store.conflicts().snapshot()).toEqual([])
      }
      await open.close()
    }
  })

  it('§9: who decides a field has not decided whether the row is archived', async () => {
    open = await scene()
    const ann = await open.open({ entities: [Task] })
    const bob = await open.open({ entities: [Task] })
    const { id } = ann.create(Task, { title: 'A' })
    await open.settle()
    await apart(
      [ann, bob],
      [
        () =>
          ann.transact(() => {
            ann.update(Task, id, { title: 'B' })
            ann.archive(Task, id)
          }),
        () => bob.update(Task, id, { title: 'C', points: 5 }),
      ],
    )
    const inConflict = (): string[] => Object.keys(ann.peek(Task, id).row!.$conflicts).sort()
    expect(inConflict()).toEqual(['$archived', 'title'])
    ann.resolve(Task, id, { title: 'D' })
    expect(inConflict()).toEqual(['$archived'])
    await open.settle()
    expect(inConflict()).toEqual(['$archived'])
    expect(bob.peek(Task, id)).toMatchObject({ status: 'ready', row: { title: 'D', points: 5 } })
    bob.conflicts(Task).snapshot()[0]!.resolve(true)
    await open.settle()
    expect(ann.peek(Task, id).status).toBe('archived')
    expect(ann.conflicts().snapshot()).toEqual([])
  })

  it('§7: a type of policy `stale: reject` refuses an update that has not seen the newest', async () => {
    const Strict = entity('task', shape, { stale: 'reject' })
    open = await scene({ entities: [Strict] })
    const ann = await open.open({ entities: [Strict] })
    const bob = await open.open({ entities: [Strict] })
    const { id } = ann.create(Strict, { title: 'A' })
    await open.settle()
    await apart(
      [ann, bob],
      [() => ann.update(Strict, id, { title: 'B' }), () => bob.update(Strict, id, { points: 5 })],
    )
    expect(bob.read(Strict, id)).toMatchObject({ title: 'B', points: 0 })
    expect(bob.refused.snapshot()).toMatchObject([{ reason: 'stale', state: 'rejected' }])
  })
})
