/**
 * What a reviewer accepts, every replica can receive in each way: while it is online, by the tail, by a
 * snapshot, after a restart from its disk, as a history, as the state of one row, and as the standing
 * values of a late write. With texts in every script, and at all bounds at once.
 */
import {
  CountersignError,
  type Entity,
  type SyncStore,
  entity,
  memoryStorage,
} from '@countersign/core'
import { LIMITS, type Limits } from '@countersign/core/message'
import type { Storage } from '@countersign/core/ports'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { VirtualScene, type VirtualStoreOptions } from './virtual.ts'

// Millions of bytes, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const text = z.string().default('')
const Note = entity(
  'note',
  z.object({ title: text, a: text, b: text, c: text, d: text, e: text, f: text }),
)
const Rare = entity('rare', z.object({ title: text, body: text }), { stale: 'reject' })
const wideFields = Array.from({ length: 80 }, (_, n) => `field${n}`)
const Wide = entity('wide', z.object(Object.fromEntries(wideFields.map((name) => [name, text]))))
const entities: readonly Entity[] = [Note, Rare, Wide]

const SCRIPTS: Readonly<Record<string, string>> = {
  ASCII: 'a',
  French: 'été ',
  Russian: 'я',
  Chinese: '汉',
  emoji: '🙂👩‍👩‍👧 ',
  escapes: '"\\\n\u0001',
}
const inScripts = Object.entries(SCRIPTS)
const inSomeScripts = inScripts.filter(([name]) => /ASCII|Chinese|escapes/.test(name))

/** A follower that is at most so many changes behind gets the tail, any other a snapshot. */
const TAIL_CHANGES_MAX = 400
/** A snapshot is only sent where it is shorter than the messages. */
const MESSAGES_BEFORE = 800

let scene: VirtualScene

afterEach(() => scene.close())

/** A value of about `bytes` bytes as JSON. */
function textOf(unit: string, bytes: number): string {
  return unit.repeat(Math.floor(bytes / (Buffer.byteLength(JSON.stringify(unit)) - 2)))
}

function contentOf(store: SyncStore): unknown {
  return entities.map((type) =>
    [...store.query(type).rows]
      .map((row) => ({ ...row, id: row.id, candidates: candidatesOf(row.$conflicts) }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
  )
}

function candidatesOf(
  conflicts: Readonly<Record<string, { candidates: readonly { value: unknown }[] }>>,
): unknown {
  return Object.entries(conflicts).map(([field, { candidates }]) => [
    field,
    candidates.map(({ value }) => value),
  ])
}

/**
 * Everyone has the same: who wrote it, who was there, who returns (by the tail), who is new (by a
 * snapshot); and each of them after a restart without a network. `write` makes fewer changes than a
 * tail may have.
 */
async function everyoneHasIt(
  write: (ann: SyncStore) => void | Promise<void>,
  limits: Partial<Limits> = {},
): Promise<SyncStore> {
  scene = await VirtualScene.open({ limits: { ...limits, tailChangesMax: TAIL_CHANGES_MAX } })
  const disks = new Map<SyncStore, Storage>()
  const opened = async (more: Partial<VirtualStoreOptions> = {}): Promise<SyncStore> => {
    const storage = memoryStorage()
    const store = await scene.store({ entities, storage, ...more })
    disks.set(store, storage)
    return store
  }
  const ann = await opened({ limits })
  const bob = await opened()
  const { id } = ann.create(Rare, {})
  for (let n = 0; n < MESSAGES_BEFORE; n++) ann.update(Rare, id, { title: `${n}` })
  const returner = await opened()
  await scene.settle()
  returner.setOnline(false)
  await write(ann)
  await scene.settle()
  returner.setOnline(true)
  await scene.settle()
  expect(scene.carried.get('page')).toBeUndefined()
  await opened()
  await scene.settle()
  expect(scene.carried.get('page')).toBeGreaterThan(0)
  const expected = contentOf(ann)
  for (const store of disks.keys()) expect(contentOf(store)).toEqual(expected)
  for (const [store, storage] of disks) {
    await scene.wait(store.flushed())
    // As it is after a crash, and after a close; Bob is asked for more afterwards.
    if (store !== bob) await scene.wait(store.close())
    const restarted = await scene.store({ entities, storage, connects: false })
    expect(contentOf(restarted)).toEqual(expected)
    expect(restarted.status.getState().damaged).toEqual([])
  }
  expect(scene.stores.every((store) => store.refused.snapshot().length === 0)).toBe(true)
  return bob
}

/** The code of what the call throws. */
function refusalOf(call: () => unknown): CountersignError | undefined {
  try {
    call()
    return undefined
  } catch (error) {
    if (!(error instanceof CountersignError)) throw error
    return error
  }
}

/** One message with about `count` bytes of JSON values, in one script. */
function writeLarge(store: SyncStore, unit: string, count: number): void {
  store.transact(() => {
    store.create(Note, { title: 'a'.repeat(count % 50_000) })
    const a = textOf(unit, 50_000)
    for (let n = 0; n < Math.floor(count / 50_000); n++) store.create(Note, { a })
  })
}

test.each(inScripts)('§20: 300 rows of 840 bytes in %s', async (_, unit) => {
  await everyoneHasIt(async (ann) => {
    const a = textOf(unit, 840)
    const rows = Array.from({ length: 300 }, (_, n) => ({ title: `${unit} ${n}`, a }))
    await scene.wait(ann.import(Note, rows))
    for (const { id } of ann.query(Note).rows.slice(0, 5)) ann.update(Note, id, { b: unit })
  })
})

test.each(inSomeScripts)('§20: a row of six fields of 60,000 bytes in %s', async (_, unit) => {
  const body = textOf(unit, 60_000)
  const store = await everyoneHasIt((ann) => {
    const { id } = ann.create(Note, { title: unit })
    for (const field of ['a', 'b', 'c', 'd', 'e', 'f']) ann.update(Note, id, { [field]: body })
    ann.create(Note, { a: body, b: body, c: body, d: body, e: body, f: body })
  })
  const told: number[] = []
  for (const { id } of store.query(Note).rows) {
    const { complete, entries } = await scene.wait(store.history(Note, id))
    expect(complete).toBe(true)
    told.push(entries.length)
  }
  expect(told.toSorted((a, b) => a - b)).toEqual([1, 7])
})

test.each(inSomeScripts)('§20: a message at its very limit in %s', async (_, unit) => {
  await everyoneHasIt(async (ann) => {
    // Its clock never advances, so nothing that it writes is sealed.
    const still = await VirtualScene.open()
    const scratch = await still.store({ entities, connects: false })
    let taken = 1_000_000
    let refused = 1_060_000
    while (refused - taken > 1) {
      const middle = (taken + refused) >> 1
      if (refusalOf(() => writeLarge(scratch, unit, middle))) refused = middle
      else taken = middle
    }
    expect(refusalOf(() => writeLarge(ann, unit, refused))).toMatchObject({ code: 'too_large' })
    expect(ann.query(Note).rows).toEqual([])
    writeLarge(ann, unit, taken)
  })
  expect(scene.carried.get('part')).toBeGreaterThan(10)
})

test('§20: 32 candidates of 60,000 bytes each', async () => {
  const count = LIMITS.liveWritesMax
  const store = await everyoneHasIt(async (ann) => {
    const { id } = ann.create(Note, { title: 'x' })
    await scene.settle()
    const writers: SyncStore[] = []
    for (let n = 0; n < count; n++) {
      const writer = await scene.store({ entities })
      await scene.until(() => writer.read(Note, id) !== undefined)
      writer.setOnline(false)
      writer.update(Note, id, { title: textOf('я', 60_000) + n })
      writers.push(writer)
    }
    for (const writer of writers) {
      writer.setOnline(true)
      await scene.until(() => writer.status.getState().outboxMessages === 0)
      await scene.wait(writer.close())
    }
    scene.carried.delete('page') // sent to the writers when they were new
  })
  const [row] = store.query(Note).rows
  expect(row!.$conflicts['title']?.candidates).toHaveLength(count)
  expect((await scene.wait(store.history(Note, row!.id))).entries).toHaveLength(count + 1)
})

describe('the state of one row', () => {
  // A quarter of the real bounds, with fields of a quarter of their size.
  const body = textOf('汉', 15_000)
  const limits = { entityBytesMax: 1_048_576, messageBytesMax: 262_144 }
  const filled = (fields: readonly string[]): Record<string, string> =>
    Object.fromEntries(fields.map((field) => [field, body]))

  test('ADM25 at its bound is taken; the call that would pass it throws, and names the row', async () => {
    await everyoneHasIt((ann) => {
      const { id } = ann.create(Wide, filled(wideFields.slice(0, 15)))
      for (const n of [15, 30, 45]) ann.update(Wide, id, filled(wideFields.slice(n, n + 15)))
      const refused = wideFields.slice(60).filter((field) => {
        const fault = refusalOf(() => ann.update(Wide, id, { [field]: body }))
        if (fault) expect(fault).toMatchObject({ code: 'too_large', id })
        return fault !== undefined
      })
      expect(refused).toEqual(wideFields.slice(-refused.length))
      expect(refused.length).toBeGreaterThan(5)
      expect(refused.length).toBeLessThan(15)
      ann.update(Wide, id, { [wideFields[0]!]: 'small again' })
    }, limits)
  })

  test('ADM25 two authors who fill it together: a write beyond the bound is refused, with the row', async () => {
    scene = await VirtualScene.open({ limits: { ...limits, tailChangesMax: 0 }, entities })
    const ann = await scene.store({ entities })
    const bob = await scene.store({ entities })
    const { id } = ann.create(Wide, {})
    await scene.settle()
    bob.setOnline(false)
    for (const n of [0, 10, 20, 30]) ann.update(Wide, id, filled(wideFields.slice(n, n + 10)))
    const late = [40, 50, 60].map((n) => bob.update(Wide, id, filled(wideFields.slice(n, n + 10))))
    await scene.settle()
    bob.setOnline(true)
    await scene.settle()
    const verdicts = await Promise.all(late.map(async (receipt) => scene.wait(receipt.settled())))
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(['accepted', 'accepted', 'rejected'])
    expect(verdicts[2]).toMatchObject({
      reason: 'too_large',
      detail: expect.stringContaining(id) as string,
    })
    const cy = await scene.store({ entities })
    await scene.settle()
    expect(contentOf(cy)).toEqual(contentOf(ann))
  })

  test('§8: a late write joins it, at any size, at a new replica as at all others', async () => {
    scene = await VirtualScene.open({ limits: { tailChangesMax: 0 } })
    const ann = await scene.store({ entities })
    const bob = await scene.store({ entities })
    const { id } = ann.create(Note, {
      title: 'x',
      a: body,
      b: body,
      c: body,
      d: body,
      e: body,
      f: body,
    })
    await scene.settle()
    ann.update(Note, id, { title: 'y' })
    await scene.settle()
    ann.setOnline(false)
    ann.update(Note, id, { a: 'late' })
    for (let n = 0; n < 20; n++) bob.update(Note, id, { title: `${n}`, b: `${body}${n}`.slice(1) })
    await scene.settle()
    const cy = await scene.store({ entities })
    await scene.settle()
    expect(scene.carried.get('page')).toBeGreaterThan(0)
    scene.carried.clear()
    ann.setOnline(true)
    await scene.settle()
    expect(ann.read(Note, id)).toMatchObject({ a: 'late', title: '19', $conflicts: {} })
    expect(contentOf(cy)).toEqual(contentOf(ann))
    expect(contentOf(bob)).toEqual(contentOf(ann))
  })
})

test('§4: rejections with live writes: 64 at once, of 15,000 bytes each', async () => {
  scene = await VirtualScene.open({ entities })
  const ann = await scene.store({ entities })
  const bob = await scene.store({ entities })
  const ids = Array.from({ length: 64 }, (_, n) => ann.create(Rare, { title: `${n}` }).id)
  await scene.settle()
  bob.setOnline(false)
  for (const id of ids) ann.update(Rare, id, { body: textOf('汉', 15_000) })
  await scene.settle()
  for (const id of ids) bob.update(Rare, id, { body: 'late' })
  bob.setOnline(true)
  await scene.settle()
  expect(bob.refused.snapshot()).toHaveLength(64)
  for (const { standing } of bob.refused.snapshot())
    expect(standing).toMatchObject([{ value: textOf('汉', 15_000) }])
})

test('§11: 4,000 rows may be expected, and more than the bound throws at the call', async () => {
  scene = await VirtualScene.open()
  const ann = await scene.store({ entities })
  const rows = Array.from({ length: 4_097 }, (_, n) => ({ title: `${n}` }))
  await scene.wait(ann.import(Note, rows))
  await scene.settle()
  const all = ann.query(Note).rows.map(({ id }) => ({ entity: Note, id }))
  const write = (expected: typeof all): unknown =>
    ann.transact(() => ann.update(Note, all[0]!.id, { a: 'seen' }), { expect: expected })
  expect(refusalOf(() => write(all))).toMatchObject({ code: 'too_large' })
  write(all.slice(0, 4_000))
  await scene.settle()
  expect(ann.status.getState().rejectedMessages).toBe(0)
  const bob = await scene.store({ entities })
  await scene.settle()
  expect(contentOf(bob)).toEqual(contentOf(ann))
})

test('§20: half of a surrogate pair is refused by the call, and changes nothing', async () => {
  scene = await VirtualScene.open()
  const ann = await scene.store({ entities })
  expect(refusalOf(() => ann.create(Note, { a: '\ud83d' }))).toMatchObject({ code: 'invalid' })
  expect(ann.query(Note).rows).toEqual([])
})
