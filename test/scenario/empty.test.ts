/** Writes without a field: a row without values is a row, and an empty patch writes no message. */
import { type SyncStore, counter, eachKey, entity, optional } from '@countersign/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Scene, scene } from './wire.ts'

const Tally = entity('tally', { sum: counter(), note: optional(z.string()) })
const Free = entity('free', eachKey(z.json()))
const Numbered = entity('numbered', { no: z.number() }).assigned('no')
const entities = [Tally, Free, Numbered]

let open: Scene
let ann: SyncStore
let bob: SyncStore

beforeEach(async () => {
  open = await scene({ entities, assign: { numbered: { no: () => 7 } } as never })
  ann = await open.open({ entities })
  bob = await open.open({ entities })
})

afterEach(() => open.close())

describe('a creation without a field', () => {
  it.each([
    ['a counter and an optional field', Tally],
    ['keys of its own', Free],
  ])('of a type with %s is accepted, and a row at all replicas', async (_, type) => {
    const { id } = ann.create(type, {})
    expect(ann.read(type, id)!.$state).toBe('volatile')
    await open.settle()
    for (const store of [ann, bob]) {
      expect(store.read(type, id)!.$state).toBe('canonical')
      expect(store.read(type, id)!.$archived).toBe(false)
    }
    expect(bob.query(type).rows).toHaveLength(1)
  })

  it('can be written, archived and brought back like any other, also beside an edit', async () => {
    const { id } = ann.create(Tally, {})
    await open.settle()
    ann.setOnline(false)
    ann.update(Tally, id, { sum: counter.increment(2) })
    bob.archive(Tally, id)
    await open.settle()
    ann.setOnline(true)
    await open.settle()
    expect(Object.keys(ann.read(Tally, id)!.$conflicts)).toEqual(['$archived'])
    ann.resolve(Tally, id, { $archived: true } as never)
    await open.settle()
    expect(bob.query(Tally).rows).toHaveLength(0)
  })

  it('by import, too', async () => {
    await ann.import(Tally, [{}, {}, { note: 'a' }])
    await open.settle()
    expect(bob.query(Tally).rows).toHaveLength(3)
  })
})

it('a patch without a field is refused, or nothing, and holds nothing up', async () => {
  const { id } = ann.create(Tally, { note: 'a' })
  for (const write of [
    () => void ann.update(Tally, id, {}),
    () => void ann.transact(() => void ann.update(Tally, id, {})),
    () => void ann.transact(() => {}),
    () => void ann.resolve(Tally, id, {}),
  ]) {
    try {
      write()
    } catch (error) {
      expect(error).toMatchObject({ name: 'CountersignError' })
    }
  }
  ann.update(Tally, id, { note: 'b' })
  await open.settle()
  expect(bob.read(Tally, id)!.note).toBe('b')
  expect(ann.refused.snapshot()).toEqual([])
})
