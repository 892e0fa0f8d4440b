/** A shape that was changed without a version, and types that cannot be kept, are refused before anything is lost. */
import {
  type SyncStore,
  add,
  bigint,
  createSyncStore,
  date,
  eachKey,
  entity,
  memoryStorage,
  optional,
  remove,
  rename,
} from '@countersign/core'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { thrown } from './thrown.ts'
import { type Scene, SPACE, scene } from './wire.ts'

const Task = entity('task', z.object({ title: z.string(), done: z.boolean() }))
const rows = z.object({ title: z.string(), points: z.number() })
/** The same name, changed in place. */
const Changed = entity('task', rows)
/** The message of the error: which version is missing. */
const Versioned = Task.version(2, rows, [remove('done'), add('points', 0)])
const Note = entity('note', { text: z.string() })

let open: Scene | undefined
const stores: SyncStore[] = []

afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()))
  await open?.close()
  open = undefined
})

function alone(
  entities: readonly ReturnType<typeof entity>[],
  storage = memoryStorage(),
): SyncStore {
  const store = createSyncStore({ server: true, space: SPACE, entities, storage })
  stores.push(store)
  return store
}

describe('a changed shape', () => {
  it('§13: is refused at open, offline, with the missing step; no local row is lost', async () => {
    const storage = memoryStorage()
    const before = alone([Task], storage)
    await before.ready
    const { id } = before.create(Task, { title: 'kept', done: true })
    await before.close()
    for (let turn = 0; turn < 2; turn++) {
      const changed = alone([Changed], storage)
      await expect(changed.ready).rejects.toMatchObject({
        code: 'schema_refused',
        entity: 'task',
        message: expect.stringMatching(
          /version 1 .*done, title.*points, title[^]*\.version\(2, newShape, \[\s+rename\('done', 'points'\)/,
        ),
      })
      expect(changed.status.getState().schemaTrouble).toMatch(/task: the fields of version 1/)
      expect(thrown(() => changed.create(Changed, { title: '', points: 1 }))).toBeInstanceOf(Error)
      await changed.close()
    }
    const after = alone([Versioned], storage)
    await after.ready
    expect(after.read(Versioned, id)).toMatchObject({ title: 'kept', points: 0 })
    await after.close()
    // A build with fewer versions has no changed shape.
    const lagging = alone([Task], storage)
    await lagging.ready
    expect(lagging.read(Task, id)).toMatchObject({ title: 'kept', done: true })
  })

  it.each([
    [
      'a field more',
      { title: z.string(), done: z.boolean(), due: z.string().optional() },
      /add\('due'\)/,
    ],
    ['a field less', { title: z.string() }, /remove\('done'\)/],
    ['a field renamed', { name: z.string(), done: z.boolean() }, /rename\('title', 'name'\)/],
    [
      'all of them',
      { a: z.string(), b: z.string() },
      /remove\('done'\)[^]*remove\('title'\)[^]*add\('a'\)[^]*add\('b'\)/,
    ],
  ])('§13: by %s is refused against what the space has published', async (_, shape, code) => {
    open = await scene()
    const ann = await open.open({ entities: [Task, Note] })
    const { id } = ann.create(Task, { title: 'of Ann', done: false })
    await open.settle()
    const Other = entity(
      'task',
      shape as typeof Task.fields extends never ? never : object as never,
    )
    const storage = memoryStorage()
    const bob = await open.open({ entities: [Other, Note], storage })
    await open.settle()
    expect(bob.status.getState().schemaTrouble).toMatch(code)
    const about = { code: 'schema_refused', entity: 'task', message: expect.stringMatching(code) }
    const seq = open.reviewer.state.seq
    expect(
      thrown(() =>
        bob.create(Other, { title: 'x', name: 'x', a: 'x', b: 'x', done: true } as never),
      ),
    ).toBeDefined()
    expect(thrown(() => bob.archive(Other, id))).toMatchObject(about)
    expect(thrown(() => bob.transact(() => bob.archive(Other, id)))).toMatchObject(about)
    // The other types of the build still work.
    bob.create(Note, { text: 'goes on' })
    await open.settle()
    expect(open.reviewer.state.seq).toBe(seq + 1)
    expect(ann.status.getState().schemaTrouble).toBeUndefined()
    expect(ann.read(Task, id)).toMatchObject({ title: 'of Ann' })
    await bob.close()
    const again = createSyncStore({ server: true, space: SPACE, entities: [Other, Note], storage })
    stores.push(again)
    await expect(again.ready).rejects.toMatchObject(about)
  })

  it('§13: of a later version, and of one that others have gone on from', async () => {
    open = await scene()
    await open.open({ entities: [Versioned] })
    await open.settle()
    const Two = Task.version(2, z.object({ title: z.string() }), [remove('done')])
    for (const [type, code] of [
      [
        Two,
        /version 2 .*\.version\(3, newShape, \[\s+add\('points'\)|version 2[^]*\.version\(3, newShape, \[\s+remove\('points'\)/,
      ],
      [Changed, /version 1/],
      [entity('task', { title: z.string() }), /version 1[^]*after version 2[^]*\.version\(3/],
    ] as const) {
      const store = await open.open({ entities: [type as typeof Task] })
      await expect.poll(() => store.status.getState().schemaTrouble).toMatch(code)
      await store.close()
    }
    // The refused type is accepted as soon as its version is declared.
    const Three = Versioned.version(3, z.object({ name: z.string(), points: z.number() }), [
      rename('title', 'name'),
    ])
    const fine = await open.open({ entities: [Three] })
    const old = await open.open({ entities: [Task] })
    fine.create(Three, { name: 'new', points: 1 })
    await open.settle()
    expect(fine.status.getState().schemaTrouble).toBeUndefined()
    expect(old.query(Task).rows[0]).toMatchObject({ title: 'new' })
  })

  it('§13: damage to what the storage remembers refuses nothing', async () => {
    const storage = memoryStorage()
    const before = alone([Task], storage)
    await before.ready
    const { id } = before.create(Task, { title: 'kept', done: true })
    await before.close()
    const handle = await storage.open(() => {}, SPACE)
    const { meta } = await handle.read()
    const key = 'shape:task'
    const { text, check } = meta.get(key) as { text: string; check: string }
    for (const bad of [
      null,
      7,
      'x',
      {},
      { text, check: 'other' },
      { text: text.replace('done', 'gone'), check },
    ]) {
      await handle.write({ durability: 'strict', meta: [[key, bad]] })
      const store = alone([Task], storage)
      await store.ready
      expect(store.read(Task, id)).toMatchObject({ title: 'kept' })
      await store.close()
    }
    await handle.close()
  })
})

describe('a type that cannot be kept', () => {
  const Kind = { one: 'one', two: 2 } as const
  const kept: [string, object][] = [
    [
      'texts',
      { a: z.string().trim().toLowerCase().max(9).regex(/x/), b: z.iso.datetime(), c: z.email() },
    ],
    [
      'numbers',
      { a: z.number().int().min(1), b: z.int(), c: z.number().multipleOf(0.5).optional() },
    ],
    [
      'defaults',
      { a: z.string().default('x'), b: z.string().catch('x'), c: z.string().prefault('y') },
    ],
    [
      'choices',
      {
        a: z.enum(['a', 'b']),
        b: z.enum(Kind),
        c: z.literal([1, 'a', null]),
        d: z.union([z.string(), z.null()]),
      },
    ],
    [
      'objects',
      { a: z.object({ b: z.array(z.record(z.string(), z.tuple([z.string(), z.number()]))) }) },
    ],
    ['recursive ones', { a: z.json(), b: z.lazy(() => z.array(z.string())) }],
    ['pipes of plain ones', { a: z.string().pipe(z.string().min(1)) }],
    ['codecs of this library', { a: date(), b: bigint(), c: optional(date()) }],
    ['anything', { a: z.any(), b: z.unknown(), c: z.custom<string>() }],
    [
      'rules',
      { a: z.string().refine((text) => text !== 'x'), b: z.string().nullable().readonly() },
    ],
  ]
  it.each(kept)('§13: %s are kept', (_, shape) => {
    expect(entity('kept', shape as never).fields.size).toBe(Object.keys(shape).length)
  })

  const at = z.date()
  const refused: [string, unknown, RegExp][] = [
    ['a date', at, /date\(\)/],
    ['an optional date', at.optional(), /date\(\)/],
    ['a date with a bound', z.date().min(new Date(2020, 1, 1)), /date\(\)/],
    ['a date in an object', z.object({ from: z.array(at) }), /in from\.\[\]: .*date/],
    ['a coerced date', z.coerce.date(), /date\(\)/],
    ['a coerced number', z.coerce.number(), /coerce/],
    ['a bigint', z.bigint(), /bigint\(\)/],
    ['a literal bigint', z.literal(1n), /bigint/],
    ['a map', z.map(z.string(), z.string()), /record/],
    ['a set', z.set(z.string()), /array/],
    ['a function', z.function(), /function/],
    ['a promise', z.promise(z.string()), /promise/],
    ['a symbol', z.symbol(), /symbol/],
    ['a transform', z.string().transform((text) => text.length), /transform/],
    ['a transform of the same kind', z.string().transform((text) => `${text}!`), /transform/],
    ['a preprocess', z.preprocess(String, z.string()), /transform/],
    ['a codec', z.codec(z.string(), z.number(), { decode: Number, encode: String }), /transform/],
    [
      'a transform behind unions',
      z.union([z.null(), z.array(z.string().transform(Number))]),
      /transform/,
    ],
    ['a transform in a record', z.record(z.string(), z.string().transform(Number)), /transform/],
    ['a date behind a lazy schema', z.lazy(() => z.array(at)), /date/],
  ]
  it.each(refused)('§13: %s is refused, with the field and what to use', (_, schema, cure) => {
    for (const declare of [
      () => entity('type', { fine: z.string(), field: schema } as never),
      () => entity('type', z.object({ fine: z.string(), field: schema as z.ZodType })),
      () =>
        entity('type', { fine: z.string() }).version(
          2,
          { fine: z.string(), field: schema } as never,
          [add('field')] as never,
        ),
    ]) {
      const error = thrown(declare)
      expect(error).toMatchObject({ code: 'schema_refused', entity: 'type', field: 'field' })
      expect((error as Error).message).toMatch(/^type: field field: /)
      expect((error as Error).message).toMatch(cure)
    }
    expect(thrown(() => entity('type', eachKey(schema as never)))).toMatchObject({
      code: 'schema_refused',
      message: expect.stringMatching(cure),
    })
  })

  it('§13: a schema of another maker that takes dates alone is refused', () => {
    const dates = {
      '~standard': {
        version: 1 as const,
        vendor: 'other',
        validate: (value: unknown) =>
          value instanceof Date ? { value } : { issues: [{ message: 'no date' }] },
      },
    }
    expect(thrown(() => entity('type', { at: dates }))).toMatchObject({ field: 'at' })
  })

  it('§20: more fields than a change may write are refused', () => {
    const fields = (count: number): Record<string, z.ZodString> =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, z.string()]))
    expect(entity('wide', fields(128)).fields.size).toBe(128)
    const error = thrown(() => entity('wide', fields(129)))
    expect(error).toMatchObject({
      code: 'schema_refused',
      message: expect.stringMatching(/129.*128/),
    })
    expect(
      thrown(() => entity('wide', fields(128)).version(2, fields(129), [add('f128', '')] as never)),
    ).toMatchObject({ code: 'schema_refused' })
  })
})

it('§2: a nested optional undefined is left out, as JSON does', async () => {
  const inner = z.object({ b: z.string().optional(), c: z.number().optional() })
  const Deep = entity('deep', z.object({ a: inner, list: z.array(inner).optional() }))
  open = await scene()
  const storage = memoryStorage()
  const ann = await open.open({ entities: [Deep], storage })
  const { id } = ann.create(Deep, { a: { b: undefined } })
  expect(ann.read(Deep, id)!.a).toEqual({})
  expect(Object.keys(ann.read(Deep, id)!.a)).toEqual([])
  ann.update(Deep, id, { a: { b: undefined, c: 1 }, list: [{ b: 'x', c: undefined }] })
  const bob = await open.open({ entities: [Deep] })
  await open.settle()
  const shown = { id, a: { c: 1 }, list: [{ b: 'x' }] }
  expect({ ...bob.read(Deep, id) }).toStrictEqual(shown)
  await ann.close()
  const again = await open.open({ entities: [Deep], storage })
  expect({ ...again.read(Deep, id) }).toStrictEqual(shown)
  expect(thrown(() => again.update(Deep, id, { list: [undefined] as never }))).toMatchObject({
    code: 'invalid',
  })
})
