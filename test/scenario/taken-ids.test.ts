/** An id that a store would mint next, used by another author: one row is refused, and the link goes on. */
import { type SyncStore, entity } from '@countersign/core'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Scene, scene } from './wire.ts'

const Issue = entity('issue', z.object({ title: z.string() }))
const Named = entity('named', z.object({ title: z.string() }), { idPolicy: 'supplied' })
const entities = [Issue, Named]

let open: Scene | undefined
afterEach(async () => {
  await open?.close()
  open = undefined
})

/** The id that the same store mints so many ids later. */
function later(id: string, by: number): string {
  const counter = Number.parseInt(id.slice(24), 16) + by
  return id.slice(0, 24) + counter.toString(16).padStart(12, '0')
}

const titles = (store: SyncStore): string[] =>
  store
    .query(Issue)
    .rows.map(({ title }) => title)
    .sort()

describe('an id that is taken', () => {
  it('is skipped where the store can see it', async () => {
    open = await scene({ entities })
    const [ann, eve] = [await open.open({ entities }), await open.open({ entities })]
    const { id } = ann.create(Issue, { title: 'first' })
    await open.settle()
    for (const by of [1, 2, 3]) eve.create(Named, { title: 'mine' }, { id: later(id, by) })
    await open.settle()
    const ids = ['a', 'b', 'c'].map((title) => ann.create(Issue, { title }).id)
    await open.settle()
    expect(ids).toEqual([4, 5, 6].map((by) => later(id, by)))
    expect(ann.refused.snapshot()).toEqual([])
    expect(titles(eve)).toEqual(['a', 'b', 'c', 'first'])
  })

  it('costs one row where it cannot, and that row is written again under another', async () => {
    open = await scene({ entities })
    const [ann, eve] = [await open.open({ entities }), await open.open({ entities })]
    const { id } = ann.create(Issue, { title: 'first' })
    await open.settle()
    ann.setOnline(false)
    eve.create(Named, { title: 'mine' }, { id: later(id, 1) })
    await open.settle()
    const [taken, ...free] = ['a', 'b', 'c'].map((title) => ann.create(Issue, { title }))
    expect(taken!.id).toBe(later(id, 1))
    ann.setOnline(true)
    await open.settle()
    expect(ann.status.getState()).toMatchObject({ connection: 'online', outboxMessages: 0 })
    expect(ann.refused.snapshot().map(({ reason }) => reason)).toEqual(['entity_exists'])
    expect(titles(eve)).toEqual(['b', 'c', 'first'])
    expect(free.map(({ state }) => state)).toEqual(['accepted', 'accepted'])
    ann.reauthor(ann.refused.snapshot()[0]!.messageId)
    await open.settle()
    expect(ann.refused.snapshot()).toEqual([])
    expect(titles(eve)).toEqual(['a', 'b', 'c', 'first'])
    expect(eve.query(Named).rows.map(({ title }) => title)).toEqual(['mine'])
  })

  it('cannot be taken at all from a reviewer that knows no types', async () => {
    open = await scene()
    const [ann, eve] = [await open.open({ entities }), await open.open({ entities })]
    const { id } = ann.create(Issue, { title: 'first' })
    await open.settle()
    eve.create(Named, { title: 'mine' }, { id: later(id, 1) })
    await open.settle()
    expect(eve.refused.snapshot().map(({ reason }) => reason)).toEqual(['invalid'])
    expect(ann.create(Issue, { title: 'a' }).id).toBe(later(id, 1))
    await open.settle()
    expect(titles(eve)).toEqual(['a', 'first'])
  })
})
