/** Malformed, oversized and hostile input, on both ends of a link and from the app: a clear answer, and nothing changes. */
import {
  CountersignError,
  type SyncStore,
  createSyncStore,
  defaultPlatform,
  entity,
} from '@countersign/core'
import {
  type FlushText,
  type Json,
  LIMITS,
  type Session,
  WIRE_VERSION,
  composeSession,
  hash,
  hashBytes,
  sealBytes,
  shortId,
} from '@countersign/core/message'
import { authorFrame, parseReviewerFrame } from '@countersign/core/protocol'
import { SeededRandom, seenOwn } from '@countersign/core/testing'
import * as fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  type ChangeByHand,
  type FactsByHand,
  type MessageByHand,
  type Numbered,
  type SignerByHand,
  changeByHand,
  flushOf,
  hashesOf,
  messageByHand,
  newOpening,
  offerOf,
  saltsFor,
  sealOf,
  sessionOf,
  signedOpening,
  withHead,
  withLine,
  withSwapped,
} from '../model/by-hand.ts'
import { thrown } from './thrown.ts'
import { type Scene, SPACE, scene } from './wire.ts'

const Issue = entity(
  'issue',
  z.object({ title: z.string().min(1), points: z.number().int().default(0) }),
  {
    rule: (row) => (row['title'] === 'bomb' ? 'no bombs' : undefined),
  },
)
const ENTITY = '1b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a12'
const OTHER = '7f1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a11'
const NONCE = 'A'.repeat(22)
const HELLO = authorFrame('hello', {
  v: WIRE_VERSION,
  space: SPACE,
  nonce: NONCE,
  position: null,
})

let open: Scene | undefined

afterEach(async () => {
  await open?.close()
  open = undefined
})

/** The parts of a message that a test chooses, besides its change. */
interface More {
  /** Default: 1. */
  readonly clientSeq?: number
  /** Numbers of earlier messages of the session that its author has not seen. */
  readonly except?: readonly number[]
  readonly expect?: FactsByHand['expect']
}

interface Author {
  readonly by: SignerByHand
  readonly session: Session
  readonly heard: string[]
  readonly closed: string[]
  send(frame: string): void
  /** Each in a flush of its own. */
  offer(messages: readonly MessageByHand[], sig?: string): Promise<void>
  /** A message whose author has seen its whole session, except some numbers. Default of the change: a creation. */
  message(change?: Partial<ChangeByHand>, more?: More): MessageByHand
  /** A message of this session by its number, whether it was written or not. */
  own(clientSeq: number): Numbered
  /** Kinds of the frames that were received. */
  kinds(): string[]
}

/** The proof of a session for a link with this nonce of the reviewer. */
function bindBytes(sessionId: string, nonce: string): Uint8Array {
  return hashBytes('cs/bind', [nonce, shortId(SPACE), shortId(sessionId)])
}

async function author(on: Scene): Promise<Author> {
  const { signer } = defaultPlatform()
  const random = new SeededRandom(1)
  const by = { space: SPACE, signer, keys: await signer.generate() }
  const opening = await signedOpening(by, newOpening(by.keys, 'me', random))
  const session = sessionOf(SPACE, opening)
  const { sessionId } = session.facts
  const heard: string[] = []
  const closed: string[] = []
  const attached = on.reviewer.connect(
    { send: (text) => heard.push(text), close: (why) => closed.push(why) },
    { address: 'here' },
  )
  const send = (frame: string): void => attached.frame(frame)
  send(HELLO)
  await until(() => heard.some((text) => text.startsWith('["welcome"')))
  const welcome = parseReviewerFrame(heard[0]!)
  const drawn = welcome.ok && welcome.value.kind === 'welcome' ? welcome.value.nonce : ''
  const proof = await signer.sign(by.keys, bindBytes(sessionId, drawn))
  send(authorFrame('bind', { sessions: [{ ...opening, proof }], auth: null, keeps: false }))
  await until(() => heard.some((text) => text.startsWith('["bound"')))
  return {
    by,
    session,
    heard,
    closed,
    send,
    async offer(messages, given) {
      for (const { flush } of messages)
        send(offerOf(session, flush, given ?? (await sealOf(by, flush))))
    },
    message(change = {}, { clientSeq = 1, except = [], expect } = {}) {
      const { parents = [] } = change
      const creation = {
        type: 'issue',
        entityId: ENTITY,
        kind: 'create',
        set: { title: 'x' },
      } as const
      const changes = [changeByHand(sessionId, { ...creation, parents, ...change }, parents)]
      const before = Array.from({ length: clientSeq - 1 }, (_, i) => i + 1)
      const seen = seenOwn(
        clientSeq,
        before.filter((no) => !except.includes(no)),
      )
      const salts = saltsFor(changes, (count) => random.bytes(count))
      return messageByHand(session, {
        ...{ clientSeq, time: 0, changes, salts, seen },
        ...(expect && { expect }),
      })
    },
    own: (clientSeq) => ({ session, clientSeq }),
    kinds: () => heard.map((text) => (JSON.parse(text.split('\n')[0]!) as [string])[0]),
  }
}

async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1_000 && !holds(); turn++)
    await new Promise((resolve) => setTimeout(resolve, 2))
  expect(holds()).toBe(true)
}

describe('a reviewer', () => {
  it('T11 frames: any text neither throws nor writes', async () => {
    open = await scene()
    const { reviewer } = open
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string(), hostileFrame()), (text) => {
        const attached = reviewer.connect({ send: () => {}, close: () => {} }, { address: 'x' })
        attached.frame(HELLO)
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
      const attached = open.reviewer.connect({ send: () => {}, close: () => {} }, { address: 'x' })
      attached.frame(HELLO)
      for (let at = 0; at < 4; at++) {
        const parts = ['null', 'null', 'null', 'null'].map((part, i) => (i === at ? odd : part))
        attached.frame(`["${kind}",${parts.join()}]`)
      }
      attached.closed()
    }
    expect(open.reviewer.state).toMatchObject({ seq: 0, connections: 0 })
  })

  it('FRM7, T11 frames: three faulty ones end the link, with a reason', async () => {
    open = await scene()
    const ann = await author(open)
    for (let i = 0; i < 3; i++) ann.send('[1')
    expect(ann.closed).toHaveLength(1)
    expect(ann.heard.at(-1)).toMatch(/^\["bye","too many faulty frames/)
  })

  it('T3 tamper: a seal of another key is none, and nothing is written', async () => {
    open = await scene()
    const ann = await author(open)
    const good = ann.message()
    const { signer } = defaultPlatform()
    await ann.offer(
      [good],
      await signer.sign(await signer.generate(), sealBytes(good.flush.hashes)),
    )
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(open.reviewer.state.seq).toBe(0)
    await ann.offer([good])
    await until(() => open!.reviewer.state.seq === 1)
  })

  // Sealed again, the changed text is a valid offer: `accepted` says how many of its messages a reviewer accepts.
  it.each<[string, number, (text: FlushText) => FlushText]>([
    ['a value', 2, (text) => withLine(text, 0, (line) => line.with(2, changeOf(line, 3, ['y'])))],
    ['a time', 2, (text) => withLine(text, 1, (line) => line.with(1, 1))],
    ['a number', 2, (text) => withLine(text, 1, (line) => line.with(0, 7))],
    ['what was seen', 2, (text) => withHead(text, (head) => head.with(2, [0, '', 1, []]))],
    ['the order of lines', 0, (text) => withSwapped(text, 0, 1)],
    ['a line twice', 0, ({ head, lines }) => ({ head, lines: [...lines, lines[1]!] })],
    ['a line less', 1, ({ head, lines }) => ({ head, lines: lines.slice(0, 1) })],
    ['a space in a line', 0, ({ head, lines }) => ({ head, lines: lines.with(0, `${lines[0]} `) })],
  ])('T3 tamper: %s changed breaks the seal', async (_, accepted, change) => {
    open = await scene()
    const ann = await author(open)
    const { session, by } = ann
    const messages = [ENTITY, OTHER].map((entityId, i) =>
      ann.message({ entityId }, { clientSeq: i + 5 }),
    )
    const { text, hashes } = flushOf(session, seenOwn(5, [2, 4]), messages)
    const changed = change(text)
    expect(changed).not.toEqual(text)
    ann.send(offerOf(session, { text: changed }, await sealOf(by, { hashes })))
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(open.reviewer.state.seq).toBe(0)
    const resealed = await sealOf(by, { hashes: hashesOf(session, changed) })
    ann.send(offerOf(session, { text: changed }, resealed))
    await until(() => open!.reviewer.state.seq === accepted)
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(open.reviewer.state.seq).toBe(accepted)
  })

  it('T2 equivocation: a number used twice is refused, and the first message is kept', async () => {
    open = await scene()
    const ann = await author(open)
    await ann.offer([ann.message()])
    await until(() => ann.kinds().includes('accepted'))
    await ann.offer([ann.message({ set: { title: 'y' } })])
    await until(() => ann.kinds().includes('rejected'))
    expect(ann.heard.join()).toContain('"seq_reused"')
    expect(open.reviewer.state.seq).toBe(1)
  })

  it('IDEM1 same id, same answer: an offer again is answered from what is known', async () => {
    open = await scene()
    const ann = await author(open)
    const message = ann.message()
    for (let i = 0; i < 3; i++) await ann.offer([message])
    await until(() => ann.kinds().filter((kind) => kind === 'accepted').length === 3)
    expect(open.reviewer.state.seq).toBe(1)
  })

  it('S17 bounds: what is over a bound is rejected as too_large', async () => {
    open = await scene({ limits: { registersMax: 2 } })
    const ann = await author(open)
    await ann.offer([ann.message({ set: { a: 1, b: 2, c: 3 } })])
    await until(() => ann.kinds().includes('rejected'))
    expect(ann.heard.join()).toContain('"too_large"')
    expect(LIMITS.registersMax).toBe(128)
  })

  it('ADM12, ADM13, S7 closure: an unknown parent is a nack, and so is an unknown entity; another parent in place of a head is invalid', async () => {
    open = await scene()
    const ann = await author(open)
    const root = ann.message()
    const theirs = composeSession({ ...ann.session.facts, sessionId: OTHER })
    await ann.offer([
      root,
      ann.message({ kind: 'update', parents: [ann.own(2)] }, { clientSeq: 3 }),
      ann.message(
        { kind: 'update', parents: [{ session: theirs, clientSeq: 1 }] },
        { clientSeq: 4 },
      ),
    ])
    const nacks = (count: number): (() => boolean) => {
      return () => ann.heard.join().split('"parent_unknown"').length === count + 1
    }
    await until(nacks(2))
    const other = ann.message(
      { entityId: OTHER, kind: 'update', parents: [root] },
      { clientSeq: 3 },
    )
    await ann.offer([other])
    await until(nacks(3))
    const beside = ann.message({ entityId: OTHER }, { clientSeq: 2 })
    await ann.offer([beside, ann.message({ kind: 'update', parents: [beside] }, { clientSeq: 3 })])
    await until(() => ann.heard.join().includes('"invalid"'))
    expect(open.reviewer.state.seq).toBe(2)
  })

  it('ADM23 compare-and-set: the second resolution of a field is stale', async () => {
    open = await scene()
    const ann = await author(open)
    const root = ann.message()
    const change = { kind: 'resolve', parents: [root] } as const
    await ann.offer([
      root,
      ann.message({ ...change, set: { title: 'one' } }, { clientSeq: 2 }),
      ann.message({ ...change, set: { title: 'two' } }, { clientSeq: 3, except: [2] }),
    ])
    await until(() => ann.kinds().includes('rejected'))
    expect(ann.heard.join()).toContain('"stale"')
    expect(open.reviewer.state.seq).toBe(2)
  })

  it('ADM22, SEEN6 expect: a message that has not seen every head is refused, and one that has is not', async () => {
    open = await scene()
    const ann = await author(open)
    const root = ann.message()
    const next = ann.message({ kind: 'update', parents: [root] }, { clientSeq: 2 })
    const expect_ = [{ entityId: ENTITY }]
    await ann.offer([
      root,
      next,
      ann.message({ entityId: OTHER }, { clientSeq: 3, except: [2], expect: expect_ }),
    ])
    await until(() => ann.heard.join().includes('"precondition_failed"'))
    expect(open.reviewer.state.seq).toBe(2)
    await ann.offer([
      ann.message({ entityId: OTHER }, { clientSeq: 4, except: [3], expect: expect_ }),
    ])
    await until(() => open!.reviewer.state.seq === 3)
  })

  it('T11 frames: an offer with any other text in place of one line writes nothing', async () => {
    open = await scene()
    const { reviewer } = open
    const ann = await author(open)
    const { by, session } = ann
    const changes = [1, 2].map((clientSeq) => ann.message({}, { clientSeq }))
    const two = flushOf(session, seenOwn(1), changes)
    const sig = await sealOf(by, two)
    const texts = [session.line, two.text.head, ...two.text.lines]
    const offer = (lines: readonly string[]): string =>
      authorFrame('offer', { sig, rejections: null }, lines.join('\n'))
    fc.assert(
      fc.property(fc.nat(texts.length - 1), hostileLine(texts), (at, line) => {
        const attached = reviewer.connect({ send: () => {}, close: () => {} }, { address: 'x' })
        attached.frame(HELLO)
        if (line !== texts[at]) attached.frame(offer(texts.with(at, line)))
        attached.closed()
      }),
      { numRuns: 2_000 },
    )
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(reviewer.state.seq).toBe(0)
    ann.send(offer(texts))
    await until(() => reviewer.state.seq > 0)
  })
})

/** The changes of a line of one change, with something else at a place of it. */
function changeOf(line: readonly Json[], at: number, part: Json): Json {
  const [change] = line[2] as readonly [Json[]]
  return [change.with(at, part)]
}

/** Another line of the offer, or one with something else somewhere inside. */
function hostileLine(texts: readonly string[]): fc.Arbitrary<string> {
  const changed = fc
    .tuple(fc.constantFrom(...texts), fc.nat(5), fc.jsonValue())
    .map(([text, at, part]) => {
      const list = JSON.parse(text) as unknown[]
      return JSON.stringify(at < list.length ? list.with(at, part) : [...list, part])
    })
  return fc.oneof(changed, fc.constantFrom(...texts), fc.json(), fc.string())
}

function hostileFrame(): fc.Arbitrary<string> {
  const kind = fc.constantFrom('hello', 'bind', 'offer', 'want', 'history', 'bye', '__proto__')
  const part = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(
      'all',
      SPACE,
      hash('cs/chain', 'x'),
      `{"__proto__":{"x":1}}`,
      '['.repeat(5_000),
    ),
    fc.array(fc.jsonValue()),
    fc.constantFrom('toString', 'valueOf', 'toJSON', 'length').map((key) => ({ [key]: null })),
  )
  return fc.tuple(kind, part, part, part).map((frame) => JSON.stringify(frame))
}

describe('a store', () => {
  it('FRM7, T11 frames: any frame of a reviewer neither throws nor shows', async () => {
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

  it('writes before ready and after close throw their code', async () => {
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
    'kept',
    'entities', // no kind of frame
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
  const texts = fc.oneof(fc.constant(''), fc.json(), fc.string()).map((text) => text && `\n${text}`)
  return fc
    .tuple(kind, part, part, part, part, texts)
    .map(([...frame]) => `${JSON.stringify(frame.slice(0, -1))}${frame.at(-1) as string}`)
}

it('a frame parsed is a frame or a sentence', () => {
  fc.assert(
    fc.property(hostileReply(), (text) => {
      const parsed = parseReviewerFrame(text)
      if (!parsed.ok) expect(parsed.error.message.length).toBeGreaterThan(5)
    }),
  )
})
