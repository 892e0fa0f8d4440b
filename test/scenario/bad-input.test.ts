/** Malformed, oversized and hostile input, on both ends of a link and from the app: a clear answer, and nothing changes. */
import {
  CountersignError,
  type SyncStore,
  createSyncStore,
  defaultPlatform,
  entity,
} from '@countersign/core'
import {
  LIMITS,
  type Message,
  hash,
  identify,
  leafHash,
  personalCommit,
  whoamiId,
} from '@countersign/core/message'
import type { KeyPair } from '@countersign/core/ports'
import {
  bindFrame,
  helloFrame,
  offerFrame,
  packMessages,
  parseReviewerFrame,
} from '@countersign/core/protocol'
import { grantBytes, sealBytes } from '@countersign/core/message'
import * as fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { thrown } from './thrown.ts'
import { type Scene, SPACE, scene } from './wire.ts'

const Issue = entity(
  'issue',
  z.object({ title: z.string().min(1), points: z.number().int().default(0) }),
  {
    rule: (row) => (row['title'] === 'bomb' ? 'no bombs' : undefined),
  },
)
const SESSION = '7f1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a11'
const ENTITY = '1b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a12'
const SALT = 'AAAAAAAAAAAAAAAAAAAAAA'

let open: Scene | undefined

afterEach(async () => {
  await open?.close()
  open = undefined
})

interface Author {
  readonly heard: string[]
  readonly closed: string[]
  send(frame: string): void
  offer(messages: readonly Message[], sig?: string): Promise<void>
  /** Its author has seen all of its session, but for those numbers. */
  message(
    change: Partial<Message['changes'][0] & object>,
    seq?: number,
    except?: readonly number[],
  ): Message
  /** Frames of one kind that were heard. */
  kinds(): string[]
}

async function author(on: Scene): Promise<Author> {
  const { signer } = defaultPlatform()
  const keys: KeyPair = await signer.generate()
  const authorId = whoamiId(keys.publicKey)
  const commit = personalCommit(SPACE, 'me', SALT)
  const heard: string[] = []
  const closed: string[] = []
  const attached = on.reviewer.connect(
    { send: (text) => heard.push(text), close: (why) => closed.push(why) },
    { address: 'here', auth: undefined },
  )
  attached.frame(helloFrame(SPACE, null))
  const sig = await signer.sign(keys, grantBytes(SPACE, authorId, { sessionId: SESSION, commit }))
  attached.frame(
    bindFrame([
      {
        authorId,
        publicKey: keys.publicKey,
        sessionId: SESSION,
        personalId: 'me',
        salt: SALT,
        sig,
      },
    ]),
  )
  await until(() => heard.some((text) => text.startsWith('["bound"')))
  return {
    heard,
    closed,
    send: (frame) => attached.frame(frame),
    async offer(messages, given) {
      const seal =
        given ??
        (await signer.sign(
          keys,
          sealBytes(
            SPACE,
            authorId,
            messages.map((message) => message.hash),
          ),
        ))
      attached.frame(offerFrame(packMessages(messages), seal, keys.publicKey))
    },
    message(change, seq = 1, except = []) {
      const full = {
        meta: {
          type: 'issue',
          entityId: ENTITY,
          kind: 'create' as const,
          schemaVersion: 1,
          parentCanonicalIds: [],
          regs: ['title'],
        },
        values: ['x'],
        salt: SALT,
        ...change,
      }
      const header = {
        v: 1 as const,
        space: SPACE,
        authorId,
        sessionId: SESSION,
        clientSeq: seq,
        timestamp: 0,
        personalCommit: commit,
        seen: { eid: null, seq: 0, chain: '', from: 1, except },
        leaves: [leafHash(full)],
      }
      return { ...identify(header), header, changes: [full] }
    },
    kinds: () => heard.map((text) => (JSON.parse(text) as [string])[0]),
  }
}

async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1_000 && !holds(); turn++)
    await new Promise((resolve) => setTimeout(resolve, 2))
  expect(holds()).toBe(true)
}

describe('a reviewer', () => {
  it('T11 frames: whatever text arrives, it neither throws nor writes', async () => {
    open = await scene()
    const { reviewer } = open
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string(), hostileFrame()), (text) => {
        const attached = reviewer.connect(
          { send: () => {}, close: () => {} },
          { address: 'x', auth: undefined },
        )
        attached.frame(helloFrame(SPACE, null))
        attached.frame(text)
        attached.closed()
      }),
      { numRuns: 2_000 },
    )
    expect(reviewer.state.seq).toBe(0)
    expect(reviewer.state.connections).toBe(0)
  })

  it.each([
    '{"toString":null}',
    '{"toString":{"valueOf":1}}',
    '{"__proto__":null}',
    '[[]]',
    '1e400',
  ])('T11 frames: %s in the place of words', async (odd) => {
    open = await scene()
    for (const kind of ['hello', 'bind', 'offer', 'want', 'history', 'bye']) {
      const attached = open.reviewer.connect(
        { send: () => {}, close: () => {} },
        { address: 'x', auth: undefined },
      )
      attached.frame(helloFrame(SPACE, null))
      for (let at = 0; at < 4; at++) {
        const parts = ['null', 'null', 'null', 'null'].map((part, i) => (i === at ? odd : part))
        attached.frame(`["${kind}",${parts.join()}]`)
      }
      attached.closed()
    }
    expect(open.reviewer.state).toMatchObject({ seq: 0, connections: 0 })
  })

  it('T11 frames: three faulty ones end the link, with a reason', async () => {
    open = await scene()
    const ann = await author(open)
    for (let i = 0; i < 3; i++) ann.send('[1')
    expect(ann.closed).toHaveLength(1)
    expect(ann.heard.at(-1)).toMatch(/^\["bye","too many faulty frames/)
  })

  it('T3 tamper: a changed value breaks the seal, and nothing is written', async () => {
    open = await scene()
    const ann = await author(open)
    const good = ann.message({})
    const { signer } = defaultPlatform()
    const other = await signer.sign(await signer.generate(), new Uint8Array(32))
    await ann.offer([good], other)
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(open.reviewer.state.seq).toBe(0)
    await ann.offer([good])
    await until(() => open!.reviewer.state.seq === 1)
  })

  it('T2 equivocation: a number used twice is refused, and the first message stands', async () => {
    open = await scene()
    const ann = await author(open)
    await ann.offer([ann.message({})])
    await until(() => ann.kinds().includes('accepted'))
    await ann.offer([ann.message({ values: ['y'] })])
    await until(() => ann.kinds().includes('rejected'))
    expect(ann.heard.join()).toContain('"seq_reused"')
    expect(open.reviewer.state.seq).toBe(1)
  })

  it('same id, same answer: an offer again is answered from what is known', async () => {
    open = await scene()
    const ann = await author(open)
    const message = ann.message({})
    for (let i = 0; i < 3; i++) await ann.offer([message])
    await until(() => ann.kinds().filter((kind) => kind === 'accepted').length === 3)
    expect(open.reviewer.state.seq).toBe(1)
  })

  it('S17 bounds: what is over a bound is rejected as too_large', async () => {
    open = await scene({ limits: { registersMax: 2 } })
    const ann = await author(open)
    await ann.offer([
      ann.message({
        meta: { ...ann.message({}).changes[0]!.meta, regs: ['a', 'b', 'c'] },
        values: [1, 2, 3],
      }),
    ])
    await until(() => ann.kinds().includes('rejected'))
    expect(ann.heard.join()).toContain('"too_large"')
    expect(LIMITS.registersMax).toBe(128)
  })

  it('S7 closure: an unknown parent is a nack, and a parent without that entity is invalid', async () => {
    open = await scene()
    const ann = await author(open)
    const root = ann.message({})
    const meta = root.changes[0]!.meta
    await ann.offer([
      root,
      ann.message({ meta: { ...meta, kind: 'update', parentCanonicalIds: [SESSION] } }, 2),
    ])
    await until(() => ann.kinds().includes('nack'))
    expect(ann.heard.join()).toContain('"parent_unknown"')
    await ann.offer([
      ann.message(
        { meta: { ...meta, entityId: SESSION, kind: 'update', parentCanonicalIds: [root.id] } },
        3,
      ),
    ])
    await until(() => ann.heard.join().includes('"invalid"'))
    expect(open.reviewer.state.seq).toBe(1)
  })

  it('compare-and-set: the second resolution of a field is stale', async () => {
    open = await scene()
    const ann = await author(open)
    const root = ann.message({})
    const meta = {
      ...root.changes[0]!.meta,
      kind: 'resolve' as const,
      parentCanonicalIds: [root.id],
    }
    await ann.offer([
      root,
      ann.message({ meta, values: ['one'] }, 2),
      ann.message({ meta, values: ['two'] }, 3, [2]),
    ])
    await until(() => ann.kinds().includes('rejected'))
    expect(ann.heard.join()).toContain('"stale"')
    expect(open.reviewer.state.seq).toBe(2)
  })

  it('expect: a message whose heads have moved is refused', async () => {
    open = await scene()
    const ann = await author(open)
    const root = ann.message({})
    const next = ann.message(
      { meta: { ...root.changes[0]!.meta, kind: 'update', parentCanonicalIds: [root.id] } },
      2,
    )
    const { header } = ann.message({ meta: { ...root.changes[0]!.meta, entityId: SESSION } }, 3)
    const expecting = { ...header, expect: [{ entityId: ENTITY, heads: [root.id] }] }
    const change = ann.message({ meta: { ...root.changes[0]!.meta, entityId: SESSION } }, 3).changes
    await ann.offer([root, next, { ...identify(expecting), header: expecting, changes: change }])
    await until(() => ann.heard.join().includes('"precondition_failed"'))
    expect(open.reviewer.state.seq).toBe(2)
  })
})

function hostileFrame(): fc.Arbitrary<string> {
  const kind = fc.constantFrom('hello', 'bind', 'offer', 'want', 'history', 'bye', '__proto__')
  const part = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('all', SPACE, hash('cs/msg', 'x'), `{"__proto__":{"x":1}}`, '['.repeat(5_000)),
    fc.array(fc.jsonValue()),
    fc.constantFrom('toString', 'valueOf', 'toJSON', 'length').map((key) => ({ [key]: null })),
  )
  return fc.tuple(kind, part, part, part).map((frame) => JSON.stringify(frame))
}

describe('a store', () => {
  it('T11 frames: whatever a reviewer sends, it neither throws nor shows', async () => {
    const errors: unknown[] = []
    const texts = fc.sample(fc.oneof(fc.json(), hostileReply()), { numRuns: 1_000, seed: 5 })
    let sent = 0
    const store = createSyncStore({
      server: true,
      space: SPACE,
      entities: [Issue],
      onError: (error) => errors.push(error),
      transports: [
        {
          connect(events) {
            setTimeout(() => {
              events.open()
              for (const text of texts) events.frame(text)
              sent++
            })
            return { send: () => {}, close: () => {} }
          },
        },
      ],
    })
    await store.ready
    const { id } = store.create(Issue, { title: 'mine' })
    await until(() => sent > 0)
    expect(errors).toEqual([])
    expect(store.query(Issue).rows.map((row) => row.id)).toEqual([id])
    expect(store.status.getState().halted).toBeUndefined()
    await store.close()
  })

  it('an invalid write names entity, field and reason, and changes nothing', async () => {
    open = await scene()
    const store = await open.open({ entities: [Issue] })
    const { id } = store.create(Issue, { title: 'fine' })
    const before = store.read(Issue, id)
    const cases: [string, () => unknown, object][] = [
      [
        'a wrong type',
        () => store.create(Issue, { title: 5 } as never),
        { code: 'invalid', entity: 'issue', field: 'title' },
      ],
      [
        'a missing field',
        () => store.create(Issue, {} as never),
        { code: 'invalid', field: 'title' },
      ],
      [
        'an unknown field',
        () => store.update(Issue, id, { colour: 'red' } as never),
        { code: 'invalid', field: 'colour' },
      ],
      [
        'a field that cannot be unset',
        () => store.update(Issue, id, { title: undefined }),
        { code: 'invalid', field: 'title' },
      ],
      ['nothing at all', () => store.update(Issue, id, {}), { code: 'invalid' }],
      [
        'a rule across fields',
        () => store.update(Issue, id, { title: 'bomb' }),
        { code: 'invalid', reason: 'no bombs' },
      ],
      [
        'an entity that is not there',
        () => store.update(Issue, ENTITY, { title: 'x' }),
        { entity: 'issue', id: ENTITY },
      ],
      [
        'an id that is minted',
        () => store.create(Issue, { title: 'x' }, { id: ENTITY }),
        { code: 'invalid', id: ENTITY },
      ],
      [
        'a type that was not given',
        () => store.create(entity('other', { a: z.string() }), { a: '' }),
        { code: 'unknown_type' },
      ],
      [
        'a text over 64 KiB',
        () => store.update(Issue, id, { title: 'x'.repeat(70_000) }),
        { code: 'invalid', field: 'title' },
      ],
      ['an async transaction', () => store.transact(async () => {}), { code: 'transaction_async' }],
    ]
    for (const [name, write, about] of cases) {
      const error = thrown(write)
      expect(error, name).toBeInstanceOf(CountersignError)
      expect(error, name).toMatchObject(about)
    }
    expect(store.read(Issue, id)).toBe(before)
    expect(store.query(Issue).rows).toEqual([before])
    await open.settle()
    expect(open.reviewer.state.seq).toBe(2) // the version of its type, and the row
  })

  it('a validator or rule that throws is the app’s error, and the store goes on', async () => {
    const Touchy = entity(
      'touchy',
      {
        n: z.number().refine((n) => {
          if (n === 13) throw new Error('thirteen')
          return true
        }),
      },
      {
        rule: (row) => {
          if (row['n'] === 7) throw new Error('seven')
          return undefined
        },
      },
    )
    open = await scene()
    const store = await open.open({ entities: [Touchy] })
    expect(() => store.create(Touchy, { n: 13 })).toThrow('asynchronous, or throws')
    expect(() => store.create(Touchy, { n: 7 })).toThrow('seven')
    expect(store.query(Touchy).rows).toEqual([])
    const { id } = store.create(Touchy, { n: 1 })
    expect(() => store.update(Touchy, id, { n: 7 })).toThrow('seven')
    expect(store.read(Touchy, id)).toMatchObject({ n: 1 })
  })

  it('writes before ready and after close say so', async () => {
    const store: SyncStore = createSyncStore({ server: true, space: SPACE, entities: [Issue] })
    expect(thrown(() => store.create(Issue, { title: 'x' }))).toMatchObject({ code: 'not_ready' })
    await store.ready
    await store.close()
    await store.close()
    expect(thrown(() => store.create(Issue, { title: 'x' }))).toMatchObject({ code: 'closed' })
  })
})

function hostileReply(): fc.Arbitrary<string> {
  const kind = fc.constantFrom(
    'welcome',
    'bound',
    'tail',
    'accepted',
    'rejected',
    'nack',
    'page',
    'entities',
    'through',
    'settled',
    'history',
    'bye',
  )
  const part = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom({ toString: null }, SPACE, [], [[1, 2]], {
      eid: SPACE,
      epoch: 1,
      seq: 5,
      chain: hash('cs/chain', 1),
    }),
  )
  return fc.tuple(kind, part, part, part, part).map((frame) => JSON.stringify(frame))
}

it('a frame parsed is a frame or a sentence', () => {
  fc.assert(
    fc.property(hostileReply(), (text) => {
      const parsed = parseReviewerFrame(text)
      if (!parsed.ok) expect(parsed.error.message.length).toBeGreaterThan(5)
    }),
  )
})
