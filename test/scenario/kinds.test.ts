/** A field that keeps its name and holds values of another kind is a changed shape: refused with both kinds and the missing step. */
import {
  type FieldSchema,
  type SyncStore,
  bigint,
  bytes,
  counter,
  createSyncStore,
  date,
  entity,
  memoryStorage,
  optional,
  reference,
  set,
  wrap,
} from '@countersign/core'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { thrown } from './thrown.ts'
import { type Scene, SPACE, scene } from './wire.ts'

const Note = entity('note', { text: z.string() })

let open: Scene | undefined
const stores: SyncStore[] = []

afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()))
  await open?.close()
  open = undefined
})

function alone(
  type: ReturnType<typeof entity>,
  storage: ReturnType<typeof memoryStorage>,
): SyncStore {
  const store = createSyncStore({ server: true, space: SPACE, entities: [type], storage })
  stores.push(store)
  return store
}

/** A schema of another library, which does not describe its kind. */
const foreign = (accepts: (value: unknown) => boolean): typeof anyText => ({
  '~standard': {
    version: 1,
    vendor: 'other',
    validate: (value) =>
      accepts(value) ? { value: value as string } : { issues: [{ message: 'no' }] },
  },
})
const anyText: FieldSchema<string> = foreign((value) => typeof value === 'string')

/** A type with one field beside another, declared as an app would. */
const holding = (value: unknown): ReturnType<typeof entity> =>
  entity('holder', { title: z.string(), value } as never)

/** Opens a store on the data that another build of the type has stored. */
async function reopened(was: unknown, is: unknown): Promise<unknown> {
  const storage = memoryStorage()
  const before = alone(holding(was), storage)
  await before.ready
  await before.close()
  return alone(holding(is), storage).ready.then(
    () => undefined,
    (error: unknown) => error,
  )
}

describe('a field of another kind', () => {
  const Person = { name: 'person' }
  const point = z.object({ x: z.number(), y: z.number() })
  type Tree = { kids: Tree[] }
  const tree: z.ZodType<Tree> = z.lazy(() => z.object({ kids: z.array(tree) }))
  const long = z.enum(Array.from({ length: 300 }, (_, i) => `land ${i}`))
  const longer = z.enum(Array.from({ length: 301 }, (_, i) => `land ${i}`))

  const changed: [was: unknown, is: unknown, kinds: [string, string], code: string][] = [
    [z.string(), z.number(), ['string', 'number'], "format('value', 'string', 'number'),"],
    [z.number(), z.string(), ['number', 'string'], "format('value', 'number', 'string'),"],
    [z.boolean(), z.string(), ['boolean', 'string'], "format('value', 'boolean', 'string'),"],
    [z.boolean(), z.int(), ['boolean', 'number'], "format('value', 'boolean', 'number'),"],
    [z.number(), date(), ['number', 'date'], "format('value', 'epochMs', 'isoDate'),"],
    [date(), z.number().nullable(), ['date', 'number | null'], "code('value', "],
    [
      z.string(),
      z.string().optional(),
      ['string', 'string | undefined'],
      "// 'value' needs no step",
    ],
    [optional(date()), date(), ['date | undefined', 'date'], "remove('value'), add('value', …)"],
    [
      z.string().optional(),
      z.string(),
      ['string | undefined', 'string'],
      "remove('value'), add('value', …)",
    ],
    [z.string(), z.string().nullable(), ['string', 'string | null'], "code('value', "],
    [
      z.number().nullish(),
      z.string().nullish(),
      ['number | null | undefined', 'string | null | undefined'],
      "format('value', 'number', 'string'),",
    ],
    [reference(Person), z.string(), ['id of person', 'string'], "// 'value' needs no step"],
    [
      reference(Person),
      reference({ name: 'team' }),
      ['id of person', 'id of team'],
      "// 'value' needs no step",
    ],
    [date(), z.string(), ['date', 'string'], "// 'value' needs no step"],
    [bigint(), bytes(), ['bigint', 'bytes'], "code('value', "],
    [
      z.enum(['b', 'a']),
      z.enum(['a', 'b', 'c']),
      ['"a" | "b"', '"a" | "b" | "c"'],
      `map('value', 'value', [["a", "a"], ["b", "b"]]),`,
    ],
    [
      z.enum(['a | <', '"']),
      z.enum(['"']),
      ['"\\"" | "a | <"', '"\\""'],
      `map('value', 'value', [["\\"", "\\""], ["a | <", …]]),`,
    ],
    [z.enum(['a']), z.string(), ['"a"', 'string'], "code('value', "],
    [z.literal([1, null]), z.literal(2), ['1 | null', '2'], "code('value', "],
    [
      z.union([z.string(), z.number()]),
      z.number(),
      ['number | string', 'number'],
      "code('value', ",
    ],
    [z.string(), z.array(z.string()), ['string', 'list<string>'], "wrap('value'),"],
    [
      z.array(point),
      point,
      ['list<{ x: number, y: number }>', '{ x: number, y: number }'],
      "head('value'),",
    ],
    [
      z.array(z.string()),
      z.array(z.string().nullable()),
      ['list<string>', 'list<string | null>'],
      "code('value', ",
    ],
    [z.record(z.string(), z.number()), z.object({}), ['map<number>', '{}'], "code('value', "],
    [
      z.record(z.enum(['a']), z.json()),
      z.tuple([z.string()], z.number()),
      ['map<"a", ', 'tuple<string, ...number>'],
      "code('value', ",
    ],
    [
      point,
      point.extend({ z: z.number().optional() }),
      ['{ x: number, y: number }', 'z: number | undefined }'],
      "code('value', ",
    ],
    [
      point,
      z.looseObject({ x: z.number(), 'y y': z.number() }),
      ['{ x', '{ x: number, "y y": number, *: any }'],
      "code('value', ",
    ],
    [z.any(), z.string(), ['any', 'string'], "code('value', "],
    [
      tree,
      z.array(tree),
      ['{ kids: list<itself> }', 'list<{ kids: list<itself> }>'],
      "wrap('value'),",
    ],
    [long, longer, ['"land 0" | "land 1"', '"land 0" | "land 1"'], "code('value', "],
    [anyText, z.number(), ['string', 'number'], "format('value', 'string', 'number'),"],
    [z.number(), counter(), ['number', 'counter'], "remove('value'), add('…'),"],
    [counter(), set(z.string()), ['counter', 'set<string>'], "remove('value'), add('…'),"],
    [set(z.string()), set(z.number()), ['set<string>', 'set<number>'], "// 'value' needs no step"],
  ]
  it.each(changed)(
    '§13: is refused at open, with both kinds and the step (%#)',
    async (was, is, kinds, code) => {
      for (const [one, other, [had, has]] of [
        [was, is, kinds],
        [is, was, kinds.toReversed()],
      ] as const) {
        const error = await reopened(one, other)
        expect(error).toMatchObject({ code: 'schema_refused', entity: 'holder' })
        const { message } = error as Error
        expect(message).toContain('the fields of version 1 were changed without a new version')
        expect(message).toContain('.version(2, newShape, [')
        const [, told, wanted] = /Its field value is (.*?); this build declares (.*?)\. Give/.exec(
          message,
        )!
        expect(told).toContain(had)
        expect(wanted).toContain(has)
        if (one === was) expect(message).toContain(`    ${code}`)
      }
    },
  )

  it('§13: is none by bounds, defaults, order, an equivalent form, or a schema without a description', async () => {
    const same: [was: unknown, is: unknown][] = [
      [z.string(), z.string().trim().min(1).max(9).regex(/x/)],
      [z.string(), z.email()],
      [z.string(), z.iso.datetime()],
      [z.string(), z.string().default('x')],
      [z.string(), z.string().catch('x').readonly()],
      [z.string(), z.string().pipe(z.string().min(1))],
      [z.number(), z.int().min(3)],
      [z.enum(['a', 'b']), z.enum(['b', 'a'])],
      [z.enum(['a', 'b']), z.union([z.literal('b'), z.literal('a')])],
      [z.enum({ one: 1, two: 2 }), z.literal([2, 1])],
      [z.string().optional(), optional(z.string())],
      [z.string().optional(), optional(anyText)],
      [z.string().nullish(), z.string().optional().nullable()],
      [z.string(), anyText],
      [z.string(), foreign((value) => value === 'only this')],
      [z.array(z.string()), foreign(Array.isArray)],
      [z.any(), z.unknown()],
      [point, z.strictObject({ y: z.number(), x: z.number() })],
    ]
    for (const [was, is] of same) {
      expect(await reopened(was, is)).toBeUndefined()
      expect(await reopened(is, was)).toBeUndefined()
    }
  })

  it('§13: what one build does not know of a kind, the storage remembers of another', async () => {
    const storage = memoryStorage()
    for (const schema of [z.string(), foreign((value) => value === 'x')]) {
      const store = alone(holding(schema), storage)
      await store.ready
      await store.close()
    }
    await expect(alone(holding(z.number()), storage).ready).rejects.toMatchObject({
      code: 'schema_refused',
    })
  })

  it('§13: is refused against what the space has published, of a later version too; the step is the cure', async () => {
    open = await scene()
    const shape = z.object({ title: z.string(), size: z.string() })
    const One = entity('task', shape)
    const Two = One.version(2, z.object({ title: z.string(), size: z.array(z.string()) }), [
      wrap('size'),
    ])
    const ann = await open.open({ entities: [Two, Note] })
    const { id } = ann.create(Two, { title: 'of Ann', size: ['big'] })
    await open.settle()
    const OtherOne = entity('task', shape.extend({ size: z.number() }))
    const lists = { title: z.string(), size: z.array(z.string()).optional() }
    const OtherTwo = One.version(2, z.object(lists), [wrap('size')])
    for (const [Other, version, kinds] of [
      [OtherOne, 1, /size is string; this build declares number/],
      [OtherTwo, 2, /size is list<string>; this build declares list<string> \| undefined/],
    ] as const) {
      const bob = await open.open({ entities: [Other as unknown as typeof One, Note] })
      await open.settle()
      const { schemaTrouble } = bob.status.getState()
      expect(schemaTrouble).toContain(`fields of version ${version} were changed`)
      expect(schemaTrouble).toMatch(kinds)
      expect(schemaTrouble).toContain('.version(3, newShape, [')
      const seq = open.reviewer.state.seq
      expect(thrown(() => bob.archive(Other as unknown as typeof One, id))).toMatchObject({
        code: 'schema_refused',
        message: expect.stringMatching(kinds),
      })
      bob.create(Note, { text: 'goes on' })
      await open.settle()
      expect(open.reviewer.state.seq).toBe(seq + 1)
      await bob.close()
    }
    const Three = Two.version(3, z.object(lists), [])
    const cured = await open.open({ entities: [Three] })
    cured.create(Three, { title: 'new' })
    await open.settle()
    expect(cured.status.getState().schemaTrouble).toBeUndefined()
    expect(cured.read(Three, id)).toMatchObject({ size: ['big'] })
    expect(ann.query(Two).rows).toHaveLength(2)
  })

  it('§13: of two builds that publish at once, the reviewer accepts one, and the other reports that', async () => {
    open = await scene()
    const reviewer = open
    const One = entity('task', { size: z.number() })
    const types = [
      entity('task', { size: z.string() }),
      // Its row has another id, so the reviewer has to compare the values.
      One.version(2, { size: z.array(z.number()) }, [wrap('size')]),
    ]
    const both = await Promise.all(
      types.map((type) => reviewer.open({ entities: [type as unknown as typeof One] })),
    )
    await reviewer.settle()
    const troubles = both.map((store) => store.status.getState().schemaTrouble)
    expect(troubles.filter((trouble) => trouble === undefined)).toHaveLength(1)
    expect(troubles.find((trouble) => trouble !== undefined)).toMatch(/Its field size is/)
  })

  it('§13: a schema that makes new ones without end has a kind, and is kept', () => {
    const endless = (): z.ZodType =>
      z.object({ kids: z.array(z.lazy(endless)), more: z.lazy(endless) })
    expect(entity('endless', { value: endless() }).fields.size).toBe(1)
  })
})
