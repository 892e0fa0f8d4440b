/** Values of every kind, written by each verb, are read unchanged in all stores, at once and after a restart. */
import { type SyncStore, entity, optional } from '@countersign/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Random } from '../model/random.ts'
import { RealValues, VALUE_KINDS } from '../model/real-values.ts'
import { type Scene, scene } from './wire.ts'

const Page = entity('page', {
  heading: z.string(),
  body: optional(z.json()),
  nickname: z.string().nullable(),
})

let open: Scene
let ann: SyncStore
let bob: SyncStore

beforeEach(async () => {
  open = await scene()
  ann = await open.open({ entities: [Page] })
  bob = await open.open({ entities: [Page] })
})

afterEach(() => open.close())

/** JSON has no -0: it becomes 0. */
const kept = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown

describe('values', () => {
  it('of every kind are the same at another store', async () => {
    const kinds = new Set<string>()
    const real = new RealValues(new Random(28), (kind) => kinds.add(kind), true)
    real.half()
    const rows = Array.from({ length: 400 }, () => ({
      heading: real.text(),
      body: real.json(),
      nickname: real.text(),
    }))
    const ids = rows.map((row) => ann.create(Page, row as never).id)
    await open.settle()
    for (const [i, id] of ids.entries()) {
      for (const store of [ann, bob])
        expect({ ...store.read(Page, id)! }).toEqual({ id, ...(kept(rows[i]) as object) })
    }
    expect(VALUE_KINDS.filter((kind) => !kinds.has(kind))).toEqual([])
  })

  it('null is a value: created, updated, taken back and done again, it is not an absent field', async () => {
    const { id } = ann.create(Page, { heading: 'a', body: 1, nickname: 'x' })
    ann.update(Page, id, { body: null, nickname: null })
    await open.settle()
    for (const store of [ann, bob])
      expect({ ...store.read(Page, id)! }).toEqual({ id, heading: 'a', body: null, nickname: null })
    ann.update(Page, id, { body: 2, nickname: 'y' })
    ann.undo()
    await open.settle()
    for (const store of [ann, bob])
      expect({ ...store.read(Page, id)! }).toEqual({ id, heading: 'a', body: null, nickname: null })
    ann.redo()
    ann.update(Page, id, { body: undefined })
    await open.settle()
    expect({ ...bob.read(Page, id)! }).toEqual({ id, heading: 'a', nickname: 'y' })
  })

  it.for(['\ud800', 'a\udc00', '\ude00\ud83d'])(
    'half of a surrogate pair is refused with words: %j',
    (half) => {
      const { id } = ann.create(Page, { heading: 'a', nickname: null })
      const before = { ...ann.read(Page, id)! }
      const refused = expect.objectContaining({
        code: 'invalid',
        message: expect.stringMatching(/surrogate/),
      })
      for (const patch of [
        { heading: half },
        { nickname: half },
        { body: half },
        { body: [{ deep: half }] },
      ])
        expect(() => ann.update(Page, id, patch)).toThrow(refused as Error)
      expect(() => ann.create(Page, { heading: half, nickname: null })).toThrow(refused as Error)
      expect({ ...ann.read(Page, id)! }).toEqual(before)
      expect(ann.query(Page).rows).toHaveLength(1)
    },
  )
})
