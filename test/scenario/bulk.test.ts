/** Many rows at once: the bounds of a message, imports that are valid as a whole or change nothing, migrations and publications of every size. */
import { type SyncStore, add, entity, memoryStorage, rename, scale, wrap } from '@countersign/core'
import { LIMITS } from '@countersign/core/message'
import type { Storage } from '@countersign/core/ports'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { thrownBy } from './thrown.ts'
import { type Scene, scene } from './wire.ts'

const text = z.string().optional()
const Task = entity('task', z.object({ title: z.string(), done: z.boolean(), note: text }))
const Place = entity(
  'place',
  z.object({ name: z.string(), size: z.number().optional(), about: text, more: text }),
  {
    idPolicy: 'supplied',
    rule: (row) => (row['size'] === 13 ? 'no place has the size 13' : undefined),
  },
)
/** The bounds of this build. The tests make larger messages only to see them refused. */
const ROWS_MAX = LIMITS.messageChangesMax

let open: Scene

beforeEach(async () => {
  open = await scene({ capabilities: () => ['read', 'write', 'publish', 'migrate'] })
})
afterEach(() => open.close())

const idOf = (at: number): string => `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`
const places = (count: number): { id: string; name: string }[] =>
  Array.from({ length: count }, (_, at) => ({ id: idOf(at), name: `place ${at}` }))

const shownBy = (store: SyncStore, type: typeof Task | typeof Place): unknown[] =>
  store
    .query(type as typeof Task)
    .rows.map((row) => ({ ...row }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))

describe('transact', () => {
  it('§3: marks 513 rows as done in one message', async () => {
    const [ann, bob] = [
      await open.open({ entities: [Task] }),
      await open.open({ entities: [Task] }),
    ]
    await ann.import(
      Task,
      Array.from({ length: 513 }, (_, at) => ({ title: `${at}`, done: false })),
    )
    await open.settle()
    const before = open.reviewer.state.seq
    const { receipt } = ann.transact(() => {
      for (const { id } of ann.query(Task).rows) ann.update(Task, id, { done: true })
    })
    expect((await receipt!.settled()).verdict).toBe('accepted')
    await open.settle()
    expect(open.reviewer.state.seq).toBe(before + 1)
    expect(bob.query(Task, { where: { done: true } }).rows).toHaveLength(513)
  })

  it('§20: takes as many rows as a message has changes; one more throws and changes nothing', async () => {
    expect(ROWS_MAX).toBeGreaterThanOrEqual(4_096)
    const Count = entity('count', { n: z.number() })
    const [ann, bob] = [
      await open.open({ entities: [Count] }),
      await open.open({ entities: [Count] }),
    ]
    const create = (rows: number): unknown =>
      ann.transact(() => {
        for (let n = 0; n < rows; n++) ann.create(Count, { n })
      })
    expect(await thrownBy(() => create(ROWS_MAX + 1))).toMatchObject({
      code: 'too_large',
      message: expect.stringContaining(String(ROWS_MAX)),
    })
    expect(ann.query(Count).rows).toEqual([])
    create(ROWS_MAX)
    await open.settle()
    expect(bob.query(Count).rows).toHaveLength(ROWS_MAX)
  }, 30_000)
})

describe('import', () => {
  const wrong: [string, object, RegExp, object][] = [
    ['another kind of value', { name: 5 }, /place\.name/, { field: 'name' }],
    [
      'a field that is not there',
      { name: 'x', colour: 'red' },
      /no field colour/,
      { field: 'colour' },
    ],
    ['a text over its bound', { name: 'x', about: 'x'.repeat(65_537) }, /about.*65536/, {}],
    ['half of a surrogate pair', { name: 'half \ud83d of it' }, /surrogate/, { field: 'name' }],
    ['a number that JSON lacks', { name: 'x', size: Number.POSITIVE_INFINITY }, /size/, {}],
    [
      'an id of another form',
      { id: 'Atlantis', name: 'x' },
      /Atlantis is not a lower-case uuid/,
      {},
    ],
    ['an upper-case id', { id: idOf(1).replace('0', 'A'), name: 'x' }, /lower-case/, {}],
    ['the id of another row', { id: idOf(7), name: 'x' }, /row 8/, { id: idOf(7) }],
    [
      'an id that exists otherwise',
      { id: idOf(999), name: 'x' },
      /other values/,
      { id: idOf(999) },
    ],
    ['what the rule objects to', { name: 'x', size: 13 }, /no place has the size 13/, {}],
    ['no row', null as never, /not an object/, {}],
  ]

  it.each(wrong)(
    '§22: with %s in its last row changes nothing, and names the row',
    async (...given) => {
      const [, row, message, about] = given
      const storage = memoryStorage()
      const store = await open.open({ entities: [Place], storage })
      store.create(Place, { name: 'there before' }, { id: idOf(999) })
      await open.settle()
      const before = [shownBy(store, Place), open.reviewer.state.seq]
      const error = await thrownBy(() => store.import(Place, [...places(299), row as never]))
      expect(error).toMatchObject({
        name: 'CountersignError',
        index: 299,
        reason: expect.any(String),
        message: expect.stringMatching(message),
        ...about,
      })
      expect((error as Error).message).toMatch(/^row 300: /)
      await open.settle()
      expect([shownBy(store, Place), open.reviewer.state.seq]).toEqual(before)
      // Without that row, the same list is imported whole, and no row is there twice.
      expect((await store.import(Place, places(299))).rows).toBe(299)
      expect(store.query(Place).rows).toHaveLength(300)
    },
  )

  it('§22: refuses an id of a type that mints its own, and a row that no message takes', async () => {
    const Wide = entity('wide', {
      ...Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`f${at}`, text])),
    })
    const store = await open.open({ entities: [Task, Wide] })
    const [id, title, done] = [idOf(1), 'x', false]
    expect(
      await thrownBy(() =>
        store.import(Task, [
          { title, done },
          { id, title, done },
        ]),
      ),
    ).toMatchObject({ code: 'invalid', index: 1, message: expect.stringMatching(/minted/) })
    const wide = Object.fromEntries(
      Array.from({ length: 40 }, (_, at) => [`f${at}`, 'я'.repeat(30_000)]),
    )
    expect(await thrownBy(() => store.import(Wide, [{ f1: 'x' }, wide]))).toMatchObject({
      code: 'too_large',
      index: 1,
    })
    expect([...store.query(Task).rows, ...store.query(Wide).rows]).toEqual([])
  })

  it.each([
    ['ASCII', 'x'.repeat(600)],
    ['Chinese', '汉'.repeat(400)],
    ['Cyrillic', 'я'.repeat(900)],
    ['emoji', '🏳️‍🌈'.repeat(120)],
  ])('§22: splits by what the texts take: %s', async (_, about) => {
    const [ann, bob] = [
      await open.open({ entities: [Place] }),
      await open.open({ entities: [Place] }),
    ]
    const rows = places(300).map((row, at) => (at < 128 ? row : { ...row, about }))
    const progress: number[] = []
    const report = await ann.import(Place, rows, { onProgress: (done) => progress.push(done) })
    expect(report).toMatchObject({ rows: 300, skipped: 0 })
    expect(progress.at(-1)).toBe(300)
    expect(progress).toEqual(progress.toSorted((a, b) => a - b))
    await open.settle()
    expect(ann.refused.snapshot()).toEqual([])
    expect(shownBy(bob, Place)).toEqual(rows)
  })

  it('§22: that was aborted goes on; rows with ids that are there are skipped', async () => {
    const store = await open.open({ entities: [Place] })
    const rows = places(4_000)
    const signal = { aborted: false }
    const first = await store.import(Place, rows, {
      signal,
      onProgress: (done) => (signal.aborted = done >= 128),
    })
    expect(first.rows).toBeGreaterThanOrEqual(128)
    expect(first.rows).toBeLessThan(4_000)
    const second = await store.import(Place, rows)
    expect(second).toMatchObject({ rows: 4_000, skipped: first.rows })
    await open.settle()
    expect(shownBy(store, Place)).toEqual(rows)
  })

  it('§22: of minted ids resumes from the report; a crash keeps the reported rows', async () => {
    const rows = Array.from({ length: 3_000 }, (_, at) => ({
      title: String(at).padStart(4, '0'),
      done: false,
    }))
    const storage = memoryStorage()
    const store = await open.open({ entities: [Task], storage })
    const signal = { aborted: false }
    const report = await store.import(Task, rows, {
      signal,
      onProgress: (done) => (signal.aborted = done >= 128),
    })
    expect(report.rows).toBe(store.query(Task).rows.length)
    // The store is closed during the import: the rows that were counted are in the storage.
    let told = report.rows
    const onProgress = (done: number): void => {
      told = done
      void store.close()
    }
    const error = await thrownBy(() => store.import(Task, rows, { from: report.rows, onProgress }))
    expect(error).toMatchObject({ code: 'closed', index: told })
    expect((error as Error).message).toContain(`{ from: ${told} }`)
    const again = await open.open({ entities: [Task], storage })
    expect(again.query(Task).rows).toHaveLength(told)
    expect((await again.import(Task, rows, { from: told })).rows).toBe(3_000)
    await open.settle()
    const titles = again.query(Task, { orderBy: ['title'] }).rows.map(({ title }) => title)
    expect(titles).toEqual(rows.map(({ title }) => title))
    expect(await thrownBy(() => again.import(Task, rows, { from: -1 }))).toMatchObject({
      code: 'invalid',
    })
  })

  it('§22: counts no row that is not durable', async () => {
    const inner = memoryStorage()
    let release = (): void => {}
    const released = new Promise<void>((resolve) => (release = resolve))
    let held = false
    const slow: Storage = {
      async open(...given) {
        const handle = await inner.open(...given)
        const write = handle.write.bind(handle)
        handle.write = async (batch) => {
          if (held) await released
          return write(batch)
        }
        return handle
      },
    }
    const store = await open.open({ entities: [Place], storage: slow })
    await open.settle()
    held = true
    const told: number[] = []
    const report = store.import(Place, places(300), { onProgress: (done) => told.push(done) })
    while (store.query(Place).rows.length < 300) await new Promise((turn) => setTimeout(turn))
    for (let turn = 0; turn < 20; turn++) await new Promise((turn) => setTimeout(turn))
    expect(told).toEqual([])
    release()
    expect((await report).rows).toBe(300)
    expect(told.at(-1)).toBe(300)
  })

  it('§22: what another writes meanwhile is neither doubled nor overwritten', async () => {
    const [ann, bob] = [
      await open.open({ entities: [Place] }),
      await open.open({ entities: [Place] }),
    ]
    const rows = places(400)
    const both = await Promise.all([ann.import(Place, rows), bob.import(Place, rows)])
    expect(both.map((report) => report.rows)).toEqual([400, 400])
    await open.settle()
    expect(shownBy(ann, Place)).toEqual(rows)
    expect(shownBy(bob, Place)).toEqual(rows)
  })
})

it('§20: one row with three texts of 30,000 characters is taken', async () => {
  const [ann, bob] = [
    await open.open({ entities: [Place] }),
    await open.open({ entities: [Place] }),
  ]
  const long = 'x'.repeat(30_000)
  ann.create(Place, { name: long, about: long, more: long }, { id: idOf(1) })
  await open.settle()
  expect(shownBy(bob, Place)).toEqual([{ id: idOf(1), name: long, about: long, more: long }])
})

describe('migrate', () => {
  const First = entity('page', { title: z.string(), body: z.string(), more: z.string() })
  const Page = First.version(
    2,
    { title: z.string(), body: z.array(z.string()), more: z.array(z.string()) },
    [wrap('body'), wrap('more')],
  )

  it.each([
    ['x', 3_000, 40],
    ['汉', 8_000, 12],
    ['я', 30_000, 3],
  ])('§13: splits by size: rows of %s, %i characters', async (letter, length, rows) => {
    const old = await open.open({ entities: [First] })
    const body = letter.repeat(length)
    for (let at = 0; at < rows; at++) old.create(First, { title: `${at}`, body, more: '' })
    for (const { id } of old.query(First).rows) old.update(First, id, { more: body })
    await open.settle()
    const storage = memoryStorage()
    const now = await open.open({ entities: [Page], storage })
    await open.settle()
    const plan = await now.migrate(Page, { to: 2, dryRun: true })
    expect(plan).toMatchObject({ rows, unreadable: 0 })
    expect(plan.messages).toBeGreaterThan(1)
    const report = await now.migrate(Page, { to: 2 })
    expect(report).toEqual(plan)
    const { id } = now.create(Page, { title: 'next', body: [], more: [] })
    await open.settle()
    expect((await now.migrate(Page, { to: 2, dryRun: true })).rows).toBe(0)
    await now.close()
    const again = await open.open({ entities: [Page], storage })
    expect(again.read(Page, id)!.title).toBe('next')
    expect(again.query(Page).rows).toHaveLength(rows + 1)
  })
})

describe('publication', () => {
  it('§13: of a correction below the newest version reaches builds of every age', async () => {
    const First = entity('priced', { price: z.number() })
    const second = { cents: z.number() }
    const third = { cents: z.number(), note: z.string() }
    const build = (factor: number, revision: number) =>
      First.version(2, second, [rename('price', 'cents'), scale('cents', factor)], {
        revision,
      }).version(3, third, [add('note', '')])
    const old = await open.open({ entities: [First] })
    const { id } = old.create(First, { price: 3 })
    const wrong = await open.open({ entities: [build(10, 0)] })
    await open.settle()
    expect(wrong.read(build(10, 0), id)!.cents).toBe(30)
    const seq = open.reviewer.state.seq
    await open.open({ entities: [build(100, 1)] })
    await open.settle()
    expect(wrong.query(build(10, 0)).rows[0]!.cents).toBe(300)
    expect(wrong.status.getState().schemaTrouble).toBeUndefined()
    expect(open.reviewer.state.seq).toBe(seq + 1)
  })

  it('§13: of a type with 60 versions reaches other builds, in any space', async () => {
    const First = entity('grown', { f1: z.string() })
    const grown = (versions: number): typeof First => {
      let type = First as { version: (...args: never[]) => unknown }
      for (let version = 2; version <= versions; version++) {
        const shape = { [`f${version}`]: z.string(), ...wide(version) }
        const steps = [rename(`f${version - 1}`, `f${version}`), ...added(version)]
        type = type.version(...([version, shape, steps] as never[])) as typeof type
      }
      return type as unknown as typeof First
    }
    const names = (version: number): string[] =>
      Array.from({ length: 2 }, (_, at) => `a${version}_${at}`)
    const wide = (version: number): object =>
      Object.fromEntries(
        Array.from({ length: version - 1 }, (_, at) => names(at + 2))
          .flat()
          .map((name) => [name, z.string().optional()]),
      )
    const added = (version: number): unknown[] =>
      names(version).map((name) => add(name, 'a default of some length'))
    const now = grown(60)
    const storage = memoryStorage()
    const ann = await open.open({ entities: [now], storage })
    await open.settle()
    expect(ann.status.getState()).toMatchObject({ schemaTrouble: undefined, rejectedMessages: 0 })
    const { id } = ann.create(now, { f60: 'new' } as never)
    expect(ann.update(now, id, { f60: 'newer' } as never).messageId).toMatch(/-/)
    const old = await open.open({ entities: [First] })
    await open.settle()
    expect(old.read(First, id)!.f1).toBe('newer')
    await ann.close()
    const again = await open.open({ entities: [now], storage })
    expect(again.read(now, id)).toMatchObject({ f60: 'newer' })
    await open.settle()
    const before = open.reviewer.state.seq
    const another = await open.open({ entities: [now] })
    await open.settle()
    expect(another.read(now, id)).toMatchObject({ f60: 'newer' })
    expect(open.reviewer.state.seq).toBe(before)
  })
})
