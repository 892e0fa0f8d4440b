/** Published schemas, rows that are migrated, and the history of a row. */
import { type SyncStore, add, entity, map, scale } from '@countersign/core'
import type { Transport } from '@countersign/core/ports'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { type Scene, scene } from './wire.ts'

const First = entity('task', z.object({ title: z.string(), points: z.number() }))
const second = z.object({ title: z.string(), points: z.number(), done: z.boolean() })
const Second = First.version(2, second, [scale('points', 10), add('done', false)])
/** Another version 2, of another build. */
const Other = First.version(2, second, [scale('points', 100), add('done', false)])
/** A revision that corrects it. */
const Corrected = First.version(2, second, [scale('points', 20), add('done', false)], {
  revision: 1,
})

let open: Scene | undefined

afterEach(async () => {
  await open?.close()
  open = undefined
})

async function filled(
  rows: number,
  entities = [Second],
): Promise<{ old: SyncStore; now: SyncStore }> {
  open = await scene({ entities, capabilities: () => ['read', 'write', 'publish', 'migrate'] })
  const old = await open.open({ entities: [First] })
  await old.import(
    First,
    Array.from({ length: rows }, (_, i) => ({ title: `${i}`, points: i })),
  )
  await old.flushed()
  const now = await open.open({ entities: [Second] })
  await open.settle()
  return { old, now }
}

describe('a schema as data', () => {
  it('§13: of two builds with differing steps for one version the second reports it', async () => {
    open = await scene()
    const one = await open.open({ entities: [Second] })
    await open.settle()
    const two = await open.open({ entities: [Other] })
    await expect
      .poll(() => two.status.getState().schemaTrouble)
      .toMatch(/task, version 2: step 1, scale/)
    expect(one.status.getState().schemaTrouble).toBeUndefined()
    expect(two.refused.snapshot()).toEqual([])
    const raced = await Promise.all([
      open.open({ entities: [Second] }),
      open.open({ entities: [Second] }),
    ])
    await open.settle()
    for (const store of raced) {
      expect(store.status.getState()).toMatchObject({
        schemaTrouble: undefined,
        rejectedMessages: 0,
      })
    }
  })

  it('§13: who proposes another form of a version than the published one has it refused', async () => {
    open = await scene()
    const one = await open.open({ entities: [Second] })
    one.setOnline(false)
    const two = await open.open({ entities: [Other] })
    await open.settle()
    const seq = open.reviewer.state.seq
    one.setOnline(true)
    await expect.poll(() => one.status.getState().schemaTrouble).toMatch(/version 2/)
    expect(open.reviewer.state.seq).toBe(seq)
    expect(two.status.getState().schemaTrouble).toBeUndefined()
  })

  it('§13: a correction of published steps reaches a build that has the old ones', async () => {
    open = await scene({ entities: [Second] })
    const old = await open.open({ entities: [First] })
    const now = await open.open({ entities: [Second] })
    const { id } = now.create(Second, { title: 'A', points: 200, done: false })
    await open.settle()
    expect(old.read(First, id)!.points).toBe(20)
    const seen: unknown[] = []
    old.subscribe(First, id, () => seen.push(old.read(First, id)!.points))
    await open.open({ entities: [Corrected] })
    await open.settle()
    expect(old.read(First, id)!.points).toBe(10)
    expect(now.read(Second, id)!.points).toBe(200)
    expect(seen).toEqual([10])
    expect(old.query(First, { where: { points: 10 } }).rows).toHaveLength(1)
  })
})

describe('migrate', () => {
  it('§13: a dry run reports what the run then does, and a row shows the same before and after', async () => {
    const { old, now } = await filled(100)
    const shown = (): unknown =>
      now.query(Second, { orderBy: ['title'] }).rows.map((row) => ({ ...row }))
    const before = shown()
    const plan = await now.migrate(Second, { to: 2, dryRun: true })
    expect(plan).toEqual({
      to: 2,
      rows: 100,
      messages: 4,
      unreadable: 0,
      inConflict: 0,
      lossySteps: [],
    })
    const seq = open!.reviewer.state.seq
    const progress: number[] = []
    const report = await now.migrate(Second, { to: 2, onProgress: (done) => progress.push(done) })
    expect(report).toEqual(plan)
    expect(progress).toEqual([32, 64, 96, 100])
    await open!.settle()
    expect(open!.reviewer.state.seq).toBe(seq + 4)
    expect(shown()).toEqual(before)
    expect(old.query(First, { where: { points: 7 } }).rows).toHaveLength(1)
    expect((await now.migrate(Second, { to: 2, dryRun: true })).rows).toBe(0)
    expect(now.undo()).toBeUndefined()
  })

  it('§13: cut short it goes on where it was; a race is settled by compare-and-set', async () => {
    const { now } = await filled(100)
    const signal = { aborted: false }
    const half = await now.migrate(Second, {
      to: 2,
      signal,
      onProgress: (done) => {
        signal.aborted = done >= 50
      },
    })
    expect(half.rows).toBe(64)
    await now.close()
    const [ann, bob] = [
      await open!.open({ entities: [Second] }),
      await open!.open({ entities: [Second] }),
    ]
    await open!.settle()
    const both = await Promise.all([ann, bob].map((store) => store.migrate(Second, { to: 2 })))
    expect(both.reduce((sum, { rows }) => sum + rows, 0)).toBe(36)
    await open!.settle()
    expect((await ann.migrate(Second, { to: 2, dryRun: true })).rows).toBe(0)
    expect(ann.refused.snapshot()).toEqual([])
    expect(bob.refused.snapshot()).toEqual([])
  })

  it('§13: without the capability it is refused, and nothing changes', async () => {
    open = await scene({ entities: [Second] })
    const old = await open.open({ entities: [First] })
    const { id } = old.create(First, { title: 'A', points: 1 })
    const now = await open.open({ entities: [Second] })
    await open.settle()
    const report = await now.migrate(Second, { to: 2 })
    expect(report).toMatchObject({
      rows: 0,
      refused: expect.stringMatching(/may not migrate rows/),
    })
    expect(now.read(Second, id)).toMatchObject({ points: 10, $state: 'canonical' })
    await expect(now.migrate(Second, { to: 3 })).rejects.toThrow(/migrates to version 2/)
  })
})

describe('a month offline', () => {
  it('§13: two versions behind, with 1,000 edits: the valid ones are accepted, the others are refused with a reason', async () => {
    const status = z.enum(['open', 'done'])
    const Third = Second.version(
      3,
      z.object({ title: z.string().max(20), points: z.number(), status }),
      [
        map('done', 'status', [
          [false, 'open'],
          [true, 'done'],
        ]),
      ],
    )
    const Strict = entity('task', z.object({ title: z.string().max(20), points: z.number() }))
      .version(2, z.object({ title: z.string().max(20), points: z.number(), done: z.boolean() }), [
        scale('points', 10),
        add('done', false),
      ])
      .version(3, z.object({ title: z.string().max(20), points: z.number(), status }), [
        map('done', 'status', [
          [false, 'open'],
          [true, 'done'],
        ]),
      ])
    open = await scene({ entities: [Strict] })
    const old = await open.open({ entities: [First] })
    await old.import(
      First,
      Array.from({ length: 100 }, (_, i) => ({ title: `${i}`, points: i })),
    )
    const now = await open.open({ entities: [Third as never] })
    await open.settle()
    old.setOnline(false)
    const ids = old.query(First).rows.map(({ id }) => id)
    for (let i = 0; i < 1_000; i++) {
      const id = ids[i % ids.length]!
      if (i % 100 === 99) old.create(First, { title: 'a title that is much too long', points: i })
      else old.update(First, id, i % 2 === 0 ? { points: i } : { title: `edit ${i}` })
    }
    old.setOnline(true)
    await open.settle()
    expect(old.refused.snapshot()).toHaveLength(10)
    expect(old.refused.snapshot().every(({ reason }) => reason === 'invalid')).toBe(true)
    expect(open.reviewer.state.rejected).toBe(10)
    const rows = now.query(Third as never).rows as readonly { points: number; status: string }[]
    expect(rows).toHaveLength(100)
    expect(rows.every((row) => row.status === 'open' && row.points % 10 === 0)).toBe(true)
  })
})

describe('history', () => {
  it('§22: who, what, when and with what verdict', async () => {
    open = await scene({
      entities: [entity('task', z.object({ title: z.string().max(8), points: z.number() }))],
    })
    const ann = await open.open({ entities: [First] })
    const bob = await open.open({ entities: [First] })
    const { id } = ann.create(First, { title: 'A', points: 1 })
    await open.settle()
    bob.update(First, id, { points: 2 })
    await open.settle()
    ann.update(First, id, { title: 'far too long' })
    await open.settle()
    ann.create(First, { title: 'other', points: 0 })
    await open.settle()
    const { entries, complete } = await ann.history(First, id)
    expect(complete).toBe(true)
    expect(entries.map(({ kind, state, values }) => [kind, state, values])).toEqual([
      ['create', 'accepted', { title: 'A', points: 1 }],
      ['update', 'accepted', { points: 2 }],
      ['update', 'rejected', { title: 'far too long' }],
    ])
    expect(entries[1]).toMatchObject({
      authorId: bob.status.getState().authorId,
      reviewerId: ann.read(First, id)!.$reviewer,
      orderKey: ann.read(First, id)!.$orderKey,
      version: 1,
    })
    expect(entries[2]).toMatchObject({
      reason: 'invalid',
      detail: expect.stringContaining('title'),
    })
    ann.setOnline(false)
    await expect(ann.history(First, id)).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('§22: an own message is listed once, though its acceptance has not arrived yet', async () => {
    open = await scene({ entities: [First] })
    let isDeaf = false
    const deaf = (honest: Transport): Transport => ({
      connect: (events) =>
        honest.connect({
          ...events,
          frame: (text) => {
            if (!isDeaf || !text.startsWith('["tail"')) events.frame(text)
          },
        }),
    })
    const ann = await open.open({ entities: [First], over: deaf })
    const { id } = ann.create(First, { title: 'A', points: 1 })
    await open.settle()
    isDeaf = true
    const before = open.reviewer.state.seq
    const update = ann.update(First, id, { points: 2 })
    await vi.waitUntil(() => open!.reviewer.state.seq > before)
    expect(update.state).not.toBe('accepted')
    const { entries } = await ann.history(First, id)
    expect(entries.map(({ state }) => state)).toEqual(['accepted', 'accepted'])
    isDeaf = false
  })
})
