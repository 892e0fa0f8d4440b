/** Undo and redo: new messages that restore former values, where the present value is still the undone one. */
import { type SyncStore, entity } from '@countersign/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Scene, scene } from './wire.ts'

const Task = entity('task', z.object({ title: z.string(), points: z.number().optional() }))

let open: Scene
let ann: SyncStore
let bob: SyncStore

beforeEach(async () => {
  open = await scene()
  ann = await open.open({ entities: [Task] })
  bob = await open.open({ entities: [Task] })
})

afterEach(() => open.close())

const titles = (store: SyncStore): string[] =>
  store.query(Task, { orderBy: ['title'] }).rows.map(({ title }) => title)

describe('undo', () => {
  it('§22: of a transaction over three rows, beside an edit of one by another: exactly mine', async () => {
    const ids = ['a', 'b', 'c'].map((title) => ann.create(Task, { title, points: 1 }).id)
    await open.settle()
    ann.transact(() => {
      for (const [i, id] of ids.entries()) ann.update(Task, id, { title: `mine ${i}`, points: 5 })
    })
    await open.settle()
    bob.update(Task, ids[1]!, { title: 'theirs' })
    await open.settle()
    const report = ann.undo()!
    expect(report.skipped).toEqual([{ entity: 'task', id: ids[1], field: 'title' }])
    expect(await report.receipt!.settled()).toMatchObject({ verdict: 'accepted' })
    await open.settle()
    for (const store of [ann, bob]) {
      expect(ids.map((id) => ({ ...store.read(Task, id) }))).toEqual([
        { id: ids[0], title: 'a', points: 1 },
        { id: ids[1], title: 'theirs', points: 1 },
        { id: ids[2], title: 'c', points: 1 },
      ])
    }
  })

  it('§22: takes back everything step by step, and redo brings it again', () => {
    const { id } = ann.create(Task, { title: 'a' })
    ann.update(Task, id, { title: 'b' })
    ann.update(Task, id, { points: 3 })
    ann.archive(Task, id)
    const shown = (): unknown => {
      const { status, row } = ann.peek(Task, id)
      return [status, row?.title, row?.points]
    }
    const steps = [shown()]
    while (ann.undo()) steps.push(shown())
    expect(steps).toEqual([
      ['archived', 'b', 3],
      ['ready', 'b', 3],
      ['ready', 'b', undefined],
      ['ready', 'a', undefined],
      ['archived', 'a', undefined],
    ])
    const again = [shown()]
    while (ann.redo()) again.push(shown())
    expect(again).toEqual(steps.toReversed())
    expect(ann.undo()!.skipped).toEqual([])
    expect(shown()).toEqual(['ready', 'b', 3])
    ann.update(Task, id, { title: 'new' })
    expect(ann.redo()).toBeUndefined()
  })

  it('§22: of a creation that another author has changed keeps the row, and reports that', async () => {
    const { id } = ann.create(Task, { title: 'a' })
    await open.settle()
    bob.update(Task, id, { points: 1 })
    bob.update(Task, id, { title: 'theirs' })
    await open.settle()
    expect(ann.undo()).toEqual({
      receipt: undefined,
      skipped: [{ entity: 'task', id, field: '$archived' }],
    })
    expect(titles(ann)).toEqual(['theirs'])
    expect(ann.undo()).toBeUndefined()
    expect(ann.create(Task, { title: 'goes on' }).messageId).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('§22: takes back 100 transactions, or as many as have 4,096 changes', () => {
    for (let i = 0; i < 101; i++) ann.create(Task, { title: 'small' })
    expect(ann.status.getState().undoable).toBe(100)
    for (let rows = 0; rows < 3; rows++)
      ann.transact(() => {
        for (let i = 0; i < 2_000; i++) ann.create(Task, { title: `large ${rows}` })
      })
    const before = titles(ann).length
    expect(ann.status.getState().undoable).toBe(2) // of the large ones
    while (ann.undo());
    expect(titles(ann).length).toBe(before - 4_000)
  })

  it('§22: status counts what can be taken back; a refused message is none of it', async () => {
    await open.close()
    const Strict = entity(
      'task',
      z.object({ title: z.string().max(3), points: z.number().optional() }),
    )
    open = await scene({ entities: [Strict] })
    ann = await open.open({ entities: [Task] })
    ann.create(Task, { title: 'a' })
    ann.create(Task, { title: 'too long' })
    await open.settle()
    expect(ann.status.getState()).toMatchObject({ undoable: 1, redoable: 0 })
    ann.undo()
    expect(titles(ann)).toEqual([])
    await open.settle()
    expect(ann.status.getState()).toMatchObject({ undoable: 0, redoable: 1 })
    expect(() => ann.transact(() => ann.undo())).toThrow(/within a transaction/)
  })
})
