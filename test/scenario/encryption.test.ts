/** Encrypted fields: stores with the key read the same values; stores without it have only the structure of the rows. */
import {
  type SyncStore,
  type Unreadable,
  counter,
  date,
  encrypted,
  entity,
  isUnreadable,
  memoryStorage,
  optional,
  rename,
} from '@countersign/core'
import { inspect } from '@countersign/core/inspect'
import { createKeyring, newKey } from '@countersign/encryption'
import { type SpaceStores, bytesOf, memorySpaces } from '@countersign/core/ports'
import { rulesFor } from '@countersign/core/testing'
import { afterEach, assert, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { SPACE, type Scene, scene } from './wire.ts'

const SECRET = 'the canary sings at night'
const key = newKey()

const noteWith = (ring = createKeyring({ keys: { one: key } }), textMax = 200) =>
  entity('note', {
    title: z.string(),
    text: encrypted(z.string().max(textMax), ring),
    due: optional(encrypted(date(), ring)),
    tags: optional(encrypted(z.array(z.string()), ring)),
  }).conflicts({
    tags: (_base, values) => [...new Set((values as string[][]).flat())].sort() as never,
  })

let open: Scene
let spaces: SpaceStores
const frames: string[] = []
const log: string[] = []

beforeEach(async () => {
  frames.length = log.length = 0
  spaces = memorySpaces()
  open = await scene({
    ...{ spaces, entities: [noteWith(createKeyring())] },
    onEvent: (event) => log.push(JSON.stringify(event)),
    rules: rulesFor(['note'], (_, { values }) => {
      // A rule that puts values into its answer.
      if (values['title'] === 'throw') throw new Error(`cannot judge ${JSON.stringify(values)}`)
      return values['title'] === 'refuse' ? 'not this one' : true
    }),
  })
})

afterEach(() => open.close())

/** A store whose frames are recorded. */
async function storeOf(Note: ReturnType<typeof noteWith>, storage = memoryStorage()) {
  return open.open({
    entities: [Note],
    storage,
    over: (honest) => ({
      connect: (events) => {
        const link = honest.connect({
          ...events,
          frame: (text) => {
            frames.push(text)
            events.frame(text)
          },
        })
        return {
          ...link,
          send: (text) => {
            frames.push(text)
            link.send(text)
          },
        }
      },
    }),
  })
}

/** What a reviewer keeps of the space. */
async function storedIn(stores: SpaceStores): Promise<string> {
  const store = stores.open(SPACE)
  const scan = await store.scan()
  const much = bytesOf(10_000_000)
  const kept = [
    ...[await store.head(), await store.batches(0, much), await scan.page(undefined, much)],
    await store.revocations(),
  ]
  await scan.close()
  return JSON.stringify(kept)
}

const offline = (...stores: readonly SyncStore[]): void =>
  stores.forEach((store) => store.setOnline(false))
const online = (...stores: readonly SyncStore[]): void =>
  stores.forEach((store) => store.setOnline(true))

describe('encrypted fields', () => {
  it('ENC1 a refused message is listed as it can be read now: after its key is added, with the value', async () => {
    const ring = createKeyring({ keys: { one: key } })
    const Note = noteWith(ring)
    const ann = await storeOf(Note)
    ann.create(Note, { title: 'refuse', text: SECRET })
    await open.settle()
    const listed = (): unknown => ann.refused.snapshot()[0]?.changes[0]?.values['text']
    expect(listed()).toBe(SECRET)
    const told = vi.fn<() => void>()
    ann.refused.subscribe(told)
    ring.remove('one')
    expect(isUnreadable(listed())).toBe(true)
    expect(told).toHaveBeenCalledTimes(1)
    ring.add('one', key)
    expect(listed()).toBe(SECRET)
    expect(told).toHaveBeenCalledTimes(2)
  })

  it('ENC1 whoever has the key reads the value; no frame, log, store or panel has it in clear', async () => {
    const [A, B] = [noteWith(), noteWith()]
    const storage = memoryStorage()
    const ann = await storeOf(A, storage)
    const bob = await storeOf(B)
    const due = new Date('2026-05-01T12:00:00Z')
    const { id } = ann.create(A, { title: 'open', text: SECRET, due, tags: [SECRET] })
    expect(ann.read(A, id)!.text).toBe(SECRET)
    await open.settle()
    expect(bob.read(B, id)).toMatchObject({ title: 'open', text: SECRET, due, tags: [SECRET] })
    bob.update(B, id, { text: `${SECRET} again` })
    await open.settle()
    await ann.flushed()
    expect(ann.read(A, id)!.text).toBe(`${SECRET} again`)
    ann.create(A, { title: 'throw', text: SECRET })
    await vi.waitFor(() => expect(log.join()).toContain('rule_failed'))
    const reviewers = await storedIn(spaces)
    const state = await (await storage.open(() => {}, SPACE)).read()
    const disk = JSON.stringify([state, [...state.meta]])
    const source = inspect(ann)
    assert(source, 'a store can be inspected')
    const requests = [
      { kind: 'messages', which: 'all', values: true },
      { kind: 'rows', type: 'note' },
      { kind: 'storage' },
    ] as const
    const panel = await Promise.all(requests.map(async (request) => source.ask(request)))
    for (const said of [disk, reviewers, JSON.stringify(panel), ...log, ...frames]) {
      expect(said).not.toContain('canary')
      expect(said).not.toContain('2026-05-01T12')
    }
    expect(frames.join('')).toContain('open')
    for (const kept of [disk, reviewers]) expect(kept).toContain('open')
  })

  it('ENC3 without the key a value is locked, can be kept, and opens when the key comes', async () => {
    const ring = createKeyring()
    const [A, B] = [noteWith(), noteWith(ring)]
    const ann = await storeOf(A)
    const bob = await storeOf(B)
    const { id } = ann.create(A, { title: 'a', text: SECRET })
    await open.settle()
    const locked = bob.read(B, id)!.text as Unreadable
    expect(isUnreadable(locked)).toBe(true)
    expect([locked.kind, locked.key]).toEqual(['locked', 'one'])
    expect(() => bob.update(B, id, { text: 'mine' })).toThrow(/no key to encrypt with/)
    bob.update(B, id, { title: 'b' })
    const copy = bob.create(B, { title: 'copy', text: locked })
    await open.settle()
    let calls = 0
    bob.subscribe(B, id, () => calls++)
    const query = bob.live(B, { where: { text: SECRET } })
    expect(query.snapshot().rows).toHaveLength(0)
    ring.add('one', key)
    expect(calls).toBe(1)
    expect(
      query
        .snapshot()
        .rows.map((row) => row.id)
        .sort(),
    ).toEqual([copy.id, id].sort())
    expect(bob.read(B, id)).toMatchObject({ title: 'b', text: SECRET })
    expect(ann.read(A, copy.id)!.text).toBe(SECRET)
    ring.remove('one')
    expect(isUnreadable(bob.read(B, id)!.text)).toBe(true)
  })

  it('ENC2 two ciphertexts of one value agree, also of two keys; two values are a conflict', async () => {
    const rotated = createKeyring({ keys: { one: key } })
    const [A, B] = [noteWith(), noteWith(rotated)]
    const ann = await storeOf(A)
    const bob = await storeOf(B)
    const { id } = ann.create(A, { title: 'a', text: 'first' })
    await open.settle()
    offline(ann, bob)
    rotated.add('two', newKey())
    ann.update(A, id, { text: SECRET })
    bob.update(B, id, { text: SECRET })
    online(ann, bob)
    await open.settle()
    expect(bob.read(B, id)!.$conflicts).toEqual({})
    // Ann lacks the second key: for her, Bob's value is another one that she cannot read.
    expect(Object.keys(ann.read(A, id)!.$conflicts)).toEqual(['text'])
    const candidates = ann.read(A, id)!.$conflicts['text']!.candidates
    expect(candidates.map(({ value }) => isUnreadable(value))).toContain(true)
    bob.resolve(B, id, { text: 'decided' })
    await open.settle()
    expect(ann.read(A, id)!.$conflicts).toEqual({})
    expect(isUnreadable(ann.read(A, id)!.text)).toBe(true)
    expect(bob.read(B, id)!.text).toBe('decided')
  })

  it('ENC3 a locked candidate can be chosen; a merge function gets values, and waits where one is locked', async () => {
    const [A, B] = [noteWith(), noteWith()]
    const ring = createKeyring()
    const C = noteWith(ring)
    const ann = await storeOf(A)
    const bob = await storeOf(B)
    const cora = await storeOf(C)
    const { id } = ann.create(A, { title: 'a', text: 'first', tags: ['x'] })
    await open.settle()
    offline(ann, bob)
    ann.update(A, id, { text: 'of ann', tags: ['x', 'a'] })
    bob.update(B, id, { text: 'of bob', tags: ['x', 'b'] })
    online(ann, bob)
    await open.settle()
    expect(ann.read(A, id)!.tags).toEqual(['a', 'b', 'x'])
    expect(Object.keys(ann.read(A, id)!.$conflicts)).toEqual(['text'])
    const { candidates } = cora.read(C, id)!.$conflicts['text']!
    expect(Object.keys(cora.read(C, id)!.$conflicts).sort()).toEqual(['tags', 'text'])
    cora.resolve(C, id, { text: candidates[1]!.value as Unreadable })
    await open.settle()
    expect(ann.read(A, id)!.text).toBe(bob.read(B, id)!.text)
    expect(['of ann', 'of bob']).toContain(ann.read(A, id)!.text)
    expect(ann.read(A, id)!.$conflicts).toEqual({})
  })

  it('ENC3 a value that its schema refuses is shown as invalid, and stays', async () => {
    const ring = createKeyring({ keys: { one: key } })
    const [A, B] = [noteWith(), noteWith(ring, 3)]
    const ann = await storeOf(A)
    const bob = await storeOf(B)
    const { id } = ann.create(A, { title: 'a', text: SECRET })
    await open.settle()
    expect(bob.read(B, id)!.text).toMatchObject({ kind: 'invalid' })
    bob.update(B, id, { title: 'b' })
    await open.settle()
    expect(ann.read(A, id)).toMatchObject({ title: 'b', text: SECRET })
  })

  it('an undo takes back an encrypted value, and writes no plain one', async () => {
    const A = noteWith()
    const ann = await storeOf(A)
    const { id } = ann.create(A, { title: 'a', text: SECRET })
    ann.update(A, id, { text: 'other' })
    ann.undo()
    expect(ann.read(A, id)!.text).toBe(SECRET)
    await open.settle()
    expect(frames.filter((frame) => frame.includes('canary'))).toEqual([])
  })

  it('ENC1 a plain value where an encrypted one belongs is refused by the reviewer', async () => {
    const Plain = entity('note', { title: z.string(), text: z.string() })
    const ann = await storeOf(Plain as never)
    ann.create(Plain, { title: 'a', text: SECRET })
    await expect
      .poll(() => [...ann.refused.snapshot()].map(({ reason }) => reason).join())
      .toMatch(/invalid|schema_refused/)
  })
})

describe('what an encrypted field cannot be', () => {
  const ring = createKeyring({ keys: { one: key } })
  const text = encrypted(z.string(), ring)

  it.each([
    ['indexed', () => entity('t', { text }).index('by text', ['text'])],
    ['assigned', () => entity('t', { text }).assigned('text')],
    ['a counter', () => entity('t', { n: encrypted(counter() as never, ring) })],
    ['a date of zod', () => encrypted(z.date(), ring)],
    [
      'translated',
      () =>
        entity('t', { text }).version(2, { text }, [
          { op: 'wrap', field: 'text' } as never,
        ] as never),
    ],
    ['made plain', () => entity('t', { text }).version(2, { text: z.string() }, [] as never)],
    [
      'made of a plain one',
      () => entity('t', { text: z.string() }).version(2, { text }, [] as never),
    ],
  ])('%s', (_, declare) => {
    expect(declare).toThrow(expect.objectContaining({ code: 'schema_refused' }) as Error)
  })

  it('it can be renamed, and two versions read each other', async () => {
    const One = entity('t', { text })
    const Two = One.version(2, { body: text }, [rename('text', 'body')])
    const here = await scene()
    const [a, b] = [await here.open({ entities: [One] }), await here.open({ entities: [Two] })]
    const { id } = a.create(One, { text: SECRET })
    await here.settle()
    expect(b.read(Two, id)!.body).toBe(SECRET)
    b.update(Two, id, { body: 'new' })
    await here.settle()
    expect(a.read(One, id)!.text).toBe('new')
    await here.close()
  })
})
