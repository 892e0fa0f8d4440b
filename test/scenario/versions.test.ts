/** Builds of different ages on one reviewer: each reads and writes its own shape, and nothing is lost. */
import {
  type SyncStore,
  add,
  entity,
  isUnreadable,
  map,
  remove,
  rename,
  scale,
} from '@countersign/core'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Scene, scene } from './wire.ts'

const First = entity('issue', z.object({ title: z.string(), done: z.boolean() }))
const Second = First.version(
  2,
  z.object({
    title: z.string(),
    status: z.enum(['open', 'doing', 'done']),
    points: z.number().int(),
  }),
  [
    map(
      'done',
      'status',
      [
        [false, 'open'],
        [true, 'done'],
      ],
      { up: 'open', down: false, lossy: 'down', backport: 'allow' },
    ),
    add('points', 0),
  ],
)
const Third = Second.version(
  3,
  z.object({ name: z.string(), status: z.enum(['open', 'doing', 'done']), cents: z.number() }),
  [rename('title', 'name'), rename('points', 'cents'), scale('cents', 100)],
).index('status', ['status'])

const compareText = (a: string, b: string): number => (a < b ? -1 : 1)

let open: Scene | undefined

afterEach(async () => {
  await open?.close()
  open = undefined
})

describe('two builds side by side', () => {
  it('§13: each sees the other’s edits in its own shape, and touches only what it changes', async () => {
    open = await scene({ entities: [Third] })
    const old = await open.open({ entities: [First] })
    const now = await open.open({ entities: [Third] })
    const { id } = now.create(Third, { name: 'A', status: 'doing', cents: 300 })
    const byOld = old.create(First, { title: 'from last year', done: true }).id
    await open.settle()
    expect({ ...old.read(First, id) }).toEqual({ id, title: 'A', done: false })
    expect(old.read(First, id)!.$version).toBe(1)
    expect({ ...now.read(Third, byOld) }).toEqual({
      id: byOld,
      name: 'from last year',
      status: 'done',
      cents: 0,
    })
    old.update(First, id, { title: 'B' })
    await open.settle()
    expect({ ...now.read(Third, id) }).toEqual({ id, name: 'B', status: 'doing', cents: 300 })
    old.update(First, id, { done: true })
    await open.settle()
    expect(now.read(Third, id)).toMatchObject({ status: 'done', cents: 300 })
    expect(now.query(Third, { where: { status: 'done' } }).rows).toHaveLength(2)
  })

  it('§9: a conflict is in the reader’s version, and only where the reader sees two values', async () => {
    open = await scene({ entities: [Second] })
    const old = await open.open({ entities: [First] })
    const now = await open.open({ entities: [Second] })
    const { id } = now.create(Second, { title: 'A', status: 'open', points: 1 })
    await open.settle()
    const apart = async (writes: () => void): Promise<void> => {
      old.setOnline(false)
      now.setOnline(false)
      writes()
      old.setOnline(true)
      now.setOnline(true)
      await open!.settle()
    }
    await apart(() => {
      old.update(First, id, { done: true })
      now.update(Second, id, { status: 'done' })
    })
    expect([old, now].map((store) => store.conflicts().snapshot())).toEqual([[], []])
    await apart(() => {
      old.update(First, id, { done: true })
      now.update(Second, id, { status: 'doing' })
    })
    const values = (store: SyncStore): unknown =>
      store
        .conflicts()
        .snapshot()
        .map(({ field, candidates }) => [
          field,
          candidates.map(({ value }) => String(value)).toSorted(compareText),
        ])
    expect(values(now)).toEqual([['status', ['doing', 'done']]])
    expect(values(old)).toEqual([['done', ['false', 'true']]])
    old.conflicts(First).snapshot()[0]!.resolve(true)
    await open.settle()
    expect(now.read(Second, id)!.status).toBe('done')
    expect(now.conflicts().snapshot()).toEqual([])
  })

  it('§13: a register that holds more than an old build sees is not written by it, unless allowed', async () => {
    const strictSteps = [
      map(
        'done',
        'status',
        [
          [false, 'open'],
          [true, 'done'],
        ],
        { up: 'open', down: false, lossy: 'down' },
      ),
      add('points', 0),
    ] as const
    const Strict = First.version(
      2,
      z.object({
        title: z.string(),
        status: z.enum(['open', 'doing', 'done']),
        points: z.number().int(),
      }),
      strictSteps,
    )
    open = await scene({ entities: [Strict] })
    const old = await open.open({ entities: [First] })
    const { id } = old.create(First, { title: 'A', done: false })
    await open.settle()
    expect(await old.update(First, id, { done: true }).settled()).toMatchObject({
      verdict: 'rejected',
      reason: 'needs_upgrade',
    })
    expect(await old.update(First, id, { title: 'B' }).settled()).toMatchObject({
      verdict: 'accepted',
    })
    expect(old.read(First, id)).toMatchObject({ title: 'B', done: false })
  })

  it('§13: what has no form in the reader’s version is kept, and shown as unreadable', async () => {
    const Free = entity('issue', z.object({ mood: z.string() }))
    const Closed = Free.version(2, z.object({ mood: z.enum(['good', 'bad']) }), [
      map(
        'mood',
        'mood',
        [
          ['good', 'good'],
          ['bad', 'bad'],
        ],
        { lossy: 'up' },
      ),
    ] as never)
    open = await scene()
    const old = await open.open({ entities: [Free] })
    const now = await open.open({ entities: [Closed] })
    const { id } = old.create(Free, { mood: 'fine' })
    await open.settle()
    const shown: unknown = now.read(Closed, id)!.mood
    expect(isUnreadable(shown)).toBe(true)
    expect(shown).toMatchObject({ kind: 'invalid', raw: 'fine', version: 1 })
    expect(old.read(Free, id)!.mood).toBe('fine')
    now.update(Closed, id, { mood: 'good' })
    await open.settle()
    expect(old.read(Free, id)!.mood).toBe('good')
  })

  it('§13: a reviewer that is older than its clients keeps nothing from them: they wait', async () => {
    open = await scene({ entities: [First] })
    const now = await open.open({ entities: [Second] })
    const receipt = now.create(Second, { title: 'A', status: 'doing', points: 1 })
    await now.flushed()
    await expect.poll(() => now.status.getState().reviewerLacks).toEqual(['issue 2'])
    expect(receipt.state).toMatch(/queued|sent|volatile/)
    // The published shape of the type waits beside it until it is accepted.
    await expect.poll(() => now.status.getState().outboxMessages).toBe(1)
    expect(receipt.state).toMatch(/queued|sent|volatile/)
    expect(now.read(Second, receipt.id)).toMatchObject({ status: 'doing' })
  })

  it('§13: versions are declared in order, before what is built on them', () => {
    expect(() => First.version(3 as never, z.object({}), [] as never)).toThrow(/does not follow/)
    expect(() =>
      Third.version(4, z.object({ name: z.string() }), [remove('status'), remove('cents')]),
    ).toThrow(/before indexes/)
    expect(() => entity('a', { x: z.string() }).version(2, { y: z.string() }, [] as never)).toThrow(
      /no step makes/,
    )
  })
})
