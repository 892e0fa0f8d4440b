/** What devtools get from real stores: the feed and the answers, without any secret. */
import {
  type SyncStore,
  createSyncStore,
  defaultPlatform,
  entity,
  followed,
  map,
  memoryStorage,
} from '@countersign/core'
import { type InspectRequest, type InspectSource, inspect, rowAt } from '@countersign/core/inspect'
import { SeededRandom, rulesFor } from '@countersign/core/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Scene, SPACE, scene, wireTo } from './wire.ts'

const Issue = entity(
  'issue',
  z.object({ title: z.string(), points: z.number().int().default(0), note: z.string().optional() }),
)

let open: Scene | undefined

afterEach(async () => {
  await open?.close()
  open = undefined
})

function look(store: SyncStore): InspectSource {
  const source = inspect(store)
  if (!source) throw new Error('a store can be looked at')
  return source
}

const REQUESTS: readonly InspectRequest[] = [
  { kind: 'sync' },
  { kind: 'lineage' },
  { kind: 'coverage' },
  { kind: 'types' },
  { kind: 'messages', which: 'all', values: true },
  { kind: 'rows', type: 'issue' },
  { kind: 'queries' },
  { kind: 'storage' },
]

describe('the feed', () => {
  it('22: is off without a listener, and on with one', async () => {
    open = await scene()
    const ann = await open.open({ entities: [Issue], storage: memoryStorage() })
    const source = look(ann)
    expect(inspect(ann)).toBe(source)
    expect(inspect({})).toBeUndefined()
    ann.create(Issue, { title: 'unseen' })
    await open.settle()
    expect(source.events()).toEqual([])
    const end = source.subscribe(() => {})
    ann.create(Issue, { title: 'seen' })
    await open.settle()
    expect(source.events().map(({ kind }) => kind)).toEqual([
      'written',
      'queued',
      'sent',
      'accepted',
    ])
    end()
    ann.create(Issue, { title: 'unseen again' })
    await open.settle()
    expect(source.events()).toHaveLength(4)
  })

  it('6: has events of waiting messages, of others’ messages, and of the link', async () => {
    open = await scene()
    const ann = await open.open({ entities: [Issue] })
    const bob = await open.open({ entities: [Issue] })
    await open.settle()
    const source = look(bob)
    source.subscribe(() => {})
    const { id } = ann.create(Issue, { title: 'from ann' })
    await open.settle()
    bob.setOnline(false)
    bob.update(Issue, id, { points: 1 })
    await bob.flushed()
    bob.setOnline(true)
    await open.settle()
    const kinds = source.events().map(({ kind }) => kind)
    expect(kinds).toContain('connection')
    expect(kinds.filter((kind) => kind !== 'connection' && kind !== 'snapshot')).toEqual([
      'arrived',
      'written',
      'volatile',
      'sent',
      'accepted',
    ])
    expect(source.events().find(({ kind }) => kind === 'arrived')).toMatchObject({
      message: { authorId: ann.status.getState().authorId, entities: [{ type: 'issue', id }] },
      review: { seq: 2 },
    })
  })

  it('22: lists messages that were overwritten since it is on, and forgets them when it ends', async () => {
    open = await scene()
    const ann = await open.open({ entities: [Issue] })
    const bob = await open.open({ entities: [Issue] })
    const { id } = ann.create(Issue, { title: 'before' })
    await open.settle()
    const source = look(bob)
    const end = source.subscribe(() => {})
    for (const title of ['first', 'second']) {
      ann.update(Issue, id, { title })
      await open.settle()
    }
    bob.update(Issue, id, { title: 'own' })
    await open.settle()
    bob.update(Issue, id, { title: 'last' })
    await open.settle()
    const titles = async () =>
      (await source.ask({ kind: 'messages', which: 'all', values: true }))
        .flatMap(({ changes }) => changes)
        .filter(({ kind }) => kind === 'update')
        .map(({ values }) => values![0])
    expect(await titles()).toEqual(['first', 'second', 'own', 'last'])
    end()
    source.subscribe(() => {})
    expect(await titles()).toEqual(['last'])
  })

  it('22: has the lineage, and the scopes that queries of a store need', async () => {
    open = await scene()
    const ann = await open.open({ entities: [Issue] })
    ann.create(Issue, { title: 'one' })
    const bob = await open.open({ entities: [Issue], scope: followed })
    await open.settle()
    const source = look(bob)
    const leave = bob.live(Issue, { where: { title: 'one' } }).subscribe(() => {})
    const fetched = bob.follow(Issue, { where: { points: { gte: 3 } } })
    expect((await look(ann).ask({ kind: 'coverage' })).scopes).toBeUndefined()
    const scopes = async () =>
      ((await source.ask({ kind: 'coverage' })).scopes ?? []).map(({ type, where, ...rest }) => [
        ...[type, JSON.stringify(where)],
        ...Object.values(rest),
      ])
    expect(await scopes()).toEqual([
      ['$schema', '{}', 1, true],
      ['issue', '{"title":"one"}', 1, false],
      ['issue', '{"points":{"gte":3}}', 1, false],
    ])
    await Promise.all([fetched.ready, bob.fetch(Issue, { where: { title: 'one' } })])
    expect((await scopes()).every(([, , , isCovered]) => isCovered)).toBe(true)
    fetched.release()
    expect(await scopes()).toHaveLength(2)
    leave()
    const [epoch, ...more] = await source.ask({ kind: 'lineage' })
    expect(epoch).toMatchObject({ epoch: 1, why: 'genesis', continues: null, isFollowed: true })
    expect(more).toEqual([])
  })

  it('22: notes the snapshot that a store starts from, with its rows', async () => {
    open = await scene({ limits: { tailChangesMax: 1 } })
    const ann = await open.open({ entities: [Issue] })
    for (const title of ['a', 'b', 'c']) ann.create(Issue, { title })
    await open.settle()
    const bob = await open.open({ entities: [Issue] })
    const source = look(bob)
    source.subscribe(() => {})
    await open.settle()
    const snapshot = source.events().find(({ kind }) => kind === 'snapshot')
    expect(snapshot).toMatchObject({ position: { seq: bob.status.getState().position!.seq } })
    expect((snapshot as { rows: number }).rows).toBeGreaterThanOrEqual(3)
  })
})

describe('answers', () => {
  it('8: a row by the definition of the fold is the row that the store shows', async () => {
    open = await scene()
    const stores = [
      await open.open({ entities: [Issue] }),
      await open.open({ entities: [Issue] }),
      await open.open({ entities: [Issue] }),
    ]
    const random = new SeededRandom(7)
    const { id } = stores[0]!.create(Issue, { title: 'T' })
    await open.settle()
    let conflicts = 0
    for (let round = 0; round < 25; round++) {
      for (const store of stores) store.setOnline(random.unit() < 0.5)
      for (const store of stores) {
        if (random.unit() < 0.3) continue
        const title = `${round % 3}`
        if (random.unit() < 0.5)
          store.update(Issue, id, { title: `${title}${random.unit() < 0.5}` })
        else store.update(Issue, id, random.unit() < 0.5 ? { points: round } : { note: undefined })
      }
      await open.settle()
      for (const store of stores) conflicts += await sameRow(store, id)
    }
    expect(conflicts).toBeGreaterThan(5)
  })

  it('23: are plain data, and hold no personal id, no salt and no key', async () => {
    open = await scene()
    const { signer } = defaultPlatform()
    const secrets: unknown[] = []
    const storage = memoryStorage()
    const store = createSyncStore({
      server: true,
      space: SPACE,
      entities: [Issue],
      storage,
      transports: [wireTo(open.reviewer)],
      identity: { personalId: 'canary-person' },
      platform: {
        signer: {
          ...signer,
          generate: async () => {
            const keys = await signer.generate()
            secrets.push(keys.secret)
            return keys
          },
        },
      },
    })
    await store.ready
    const source = look(store)
    source.subscribe(() => {})
    store.live(Issue, { where: { points: 0 } }).subscribe(() => {})
    const receipt = store.create(Issue, { title: 'value' })
    const { id, messageId } = receipt
    await receipt.settled()
    const answers = [source.events()]
    for (const request of [
      ...REQUESTS,
      { kind: 'dagOf', type: 'issue', id },
      { kind: 'rowAt', type: 'issue', id },
    ] as const)
      answers.push((await source.ask(request)) as never)
    const text = JSON.stringify(answers)
    expect(JSON.parse(text)).toEqual(answers.map((each) => JSON.parse(JSON.stringify(each))))
    for (const there of [id, messageId, 'value', '"points":0']) expect(text).toContain(there)
    const handle = await storage.open(() => {})
    const stored = await handle.read()
    const hidden = [...stored.meta].flatMap(([key, value]) =>
      key.startsWith('session:') ? [value] : [],
    )
    const opening = hidden[0] as { personalId: string; salt: string; sig: string }
    expect(opening.personalId).toBe('canary-person')
    expect(secrets).toHaveLength(1)
    for (const secret of [
      opening.personalId,
      opening.salt,
      'salt',
      'secret',
      opening.sig,
      'privateKey',
    ])
      expect(text).not.toContain(secret)
    await handle.close()
    await store.close()
  })

  it('name each message once, also where a snapshot brought again what had come live', async () => {
    open = await scene()
    const ann = await open.open({ entities: [Issue], storage: memoryStorage() })
    const source = look(ann)
    source.subscribe(() => {})
    const { id } = ann.create(Issue, { title: 'a' })
    ann.create(Issue, { title: 'b' })
    await open.settle()
    ann.update(Issue, id, { points: 1 })
    await open.settle()
    await ann.reset({ keepOutbox: true })
    await open.settle()
    const told = await source.ask({ kind: 'messages', which: 'all', values: true })
    const ofIssues = told.filter(({ changes }) => changes.some(({ type }) => type === 'issue'))
    expect(ofIssues.map(({ state }) => state)).toEqual(['accepted', 'accepted', 'accepted'])
    expect(new Set(told.map(({ name }) => name)).size).toBe(told.length)
  })

  it('22: have the stored records, the open queries and their cost', async () => {
    open = await scene()
    const ann = await open.open({ entities: [Issue], storage: memoryStorage() })
    await open.settle()
    const source = look(ann)
    source.subscribe(() => {})
    const query = ann.live(Issue, { where: { points: { gte: 1 } } })
    const ends = [query.subscribe(() => query.snapshot()), query.subscribe(() => {})]
    ann.create(Issue, { title: 'x', points: 2 })
    await open.settle()
    expect(await source.ask({ kind: 'queries' })).toMatchObject([
      { type: 'issue', query: { where: { points: { gte: 1 } } }, listeners: 2, rows: 1 },
    ])
    const [{ reads, updates }] = (await source.ask({ kind: 'queries' })) as [never]
    expect(reads).toBeGreaterThan(0)
    expect(updates).toBeGreaterThan(0)
    const { health, parts, rank } = await source.ask({ kind: 'storage' })
    expect(health).toBe('ok')
    expect(parts?.find(({ kind }) => kind === 'own')).toMatchObject({ records: 2 })
    expect(rank).toBeGreaterThan(0)
    for (const end of [...ends, ...ends]) end()
    expect(await source.ask({ kind: 'queries' })).toEqual([])
  })

  it('are empty for what is not there, and make no tables', async () => {
    open = await scene()
    const source = look(await open.open({ entities: [Issue] }))
    expect(await source.ask({ kind: 'rows', type: 'nothing' })).toEqual([])
    expect(await source.ask({ kind: 'dagOf', type: 'issue', id: SPACE })).toBeUndefined()
    expect(await source.ask({ kind: 'rowAt', type: 'nothing', id: SPACE })).toBeUndefined()
    expect((await source.ask({ kind: 'types' })).map(({ name }) => name)).toEqual(['issue'])
  })
})

describe('13: versions', () => {
  it('are listed with their steps, and a row as each of them reads it', async () => {
    open = await scene()
    const shape = { title: z.string(), status: z.enum(['open', 'done']) }
    const first = entity('task', { title: z.string(), done: z.boolean() })
    const second = first.version(2, shape, [
      map('done', 'status', [
        [false, 'open'],
        [true, 'done'],
      ]),
    ])
    const old = await open.open({ entities: [first] })
    const now = await open.open({ entities: [second] })
    const { id } = old.create(first, { title: 'T', done: true })
    await open.settle()
    const source = look(now)
    const [type] = await source.ask({ kind: 'types' })
    expect(type!.version).toBe(2)
    expect(type!.versions.map(({ steps }) => steps.length)).toEqual([0, 1])
    const seen = async (version: number) => {
      const row = await source.ask({ kind: 'rowInVersion', type: 'task', id, version })
      return row!.fields.find(({ reg }) => reg === 'done')
    }
    expect(await seen(1)).toMatchObject({ name: 'done', value: true, writtenIn: 1, path: [] })
    expect(await seen(2)).toMatchObject({ name: 'status', value: 'done', path: { length: 1 } })
    expect(await seen(3)).toMatchObject({ kind: 'opaque', value: undefined })
  })
})

describe('commands', () => {
  it('6: retry offers a waiting message, or returns why it cannot', async () => {
    open = await scene()
    const ann = await open.open({ entities: [Issue] })
    const source = look(ann)
    ann.setOnline(false)
    const receipt = ann.create(Issue, { title: 'x' })
    await ann.flushed()
    const [message] = await source.ask({ kind: 'messages', which: 'own', values: false })
    expect(message).toMatchObject({ state: 'volatile', own: true })
    const retry = { kind: 'retry', message: message!.name } as const
    expect(await source.run(retry)).toMatchObject({ ok: false })
    ann.setOnline(true)
    expect(await source.run(retry)).toEqual({ ok: true })
    await receipt.settled()
    await open.settle()
    expect(await source.run(retry)).toMatchObject({ ok: false })
    expect(await source.run({ kind: 'retry', message: 'nobody:1' })).toMatchObject({ ok: false })
  })

  it('9: resolve decides a register for the candidate that is named, once', async () => {
    open = await scene()
    const ann = await open.open({ entities: [Issue] })
    const bob = await open.open({ entities: [Issue] })
    const { id } = ann.create(Issue, { title: 'A' })
    await open.settle()
    ann.setOnline(false)
    ann.update(Issue, id, { title: 'B' })
    bob.update(Issue, id, { title: 'C' })
    await open.settle()
    ann.setOnline(true)
    await open.settle()
    const source = look(ann)
    const row = await source.ask({ kind: 'rowAt', type: 'issue', id })
    const title = row!.fields.find(({ reg }) => reg === 'title')!
    expect(title).toMatchObject({ conflict: true, base: 'A' })
    const { node } = title.candidates.find(({ value }) => value === 'C')!
    const resolve = { kind: 'resolve', type: 'issue', id, reg: 'title', take: node } as const
    expect(await source.run({ ...resolve, take: 'nobody:1' })).toMatchObject({ ok: false })
    expect(await source.run(resolve)).toEqual({ ok: true })
    await open.settle()
    expect(bob.read(Issue, id)).toMatchObject({ title: 'C', $conflicts: {} })
    expect(await source.run(resolve)).toMatchObject({ ok: false })
  })

  it('6: a refused message is written again, or discarded with its dependents', async () => {
    let strict = true
    const rules = rulesFor(['issue'], () => (strict ? 'nobody may' : true))
    open = await scene({ rules })
    const ann = await open.open({ entities: [Issue] })
    const source = look(ann)
    const refused = async () =>
      (await source.ask({ kind: 'messages', which: 'own', values: false })).filter(
        ({ state }) => state === 'rejected',
      )
    await ann.create(Issue, { title: 'x' }).settled()
    await ann.create(Issue, { title: 'y' }).settled()
    const [first, second] = await refused()
    expect(first).toMatchObject({ refusal: { reason: 'unauthorised', detail: 'nobody may' } })
    strict = false
    expect(await source.run({ kind: 'retry', message: first!.name })).toEqual({ ok: true })
    expect(await source.run({ kind: 'discard', message: second!.name })).toEqual({ ok: true })
    await open.settle()
    expect(ann.query(Issue).rows.map(({ title }) => title)).toEqual(['x'])
    expect(await refused()).toEqual([])
    expect(await source.run({ kind: 'discard', message: second!.name })).toMatchObject({
      ok: false,
    })
  })
})

/** Checks the row of one store; returns how many of its fields are in conflict. */
async function sameRow(store: SyncStore, id: string): Promise<number> {
  const source = look(store)
  const row = store.read(Issue, id)!
  const dag = await source.ask({ kind: 'dagOf', type: 'issue', id })
  const built = rowAt(dag!)!
  const values = built.fields.flatMap(({ reg, value }) =>
    value === undefined ? [] : [[reg, value]],
  )
  expect({ id, ...Object.fromEntries(values) }).toEqual({ ...row })
  expect(built.heads).toHaveLength(row.$heads.length)
  const conflicts = built.fields.filter(({ conflict }) => conflict)
  expect(conflicts.map(({ reg }) => reg)).toEqual(Object.keys(row.$conflicts).sort())
  for (const { reg, candidates } of conflicts) {
    expect(candidates.map(({ value }) => value)).toEqual(
      row.$conflicts[reg]!.candidates.map(({ value }) => value),
    )
  }
  const answered = await source.ask({ kind: 'rowAt', type: 'issue', id })
  expect(answered!.fields.map(({ conflict }) => conflict)).toEqual(
    built.fields.map(({ conflict }) => conflict),
  )
  return conflicts.length
}
