/** What one stranger can cost: each thing that grows with what is sent has a bound, and an end. */
import { describe, expect, test } from 'vitest'
import { LIMITS } from '../facts/limits.ts'
import {
  DESK_SPACE,
  Desk,
  type DeskOptions,
  type HandAuthor,
  type HandMessage,
} from '../testing/desk.ts'
import { authorFrame } from '../wire/frames.ts'

const NONE_BOUND = { kind: 'bound', sessionIds: [], forMs: null, why: null, may: null, texts: '' }
const sessionNo = (n: number): string => `00000000-0000-4000-8000-${`${n}`.padStart(12, '0')}`
const idOf = (message: HandMessage): string => message.changes[0]!.entityId

async function deskWith(
  options: DeskOptions = {},
): Promise<{ desk: Desk; ann: HandAuthor; eve: HandAuthor }> {
  const desk = await Desk.open(options)
  return { desk, ann: await desk.author('ann'), eve: await desk.author('eve') }
}

/** Binds sessions of one author over its link. */
async function bindMany(
  desk: Desk,
  author: HandAuthor,
  numbers: readonly number[],
): Promise<string[]> {
  author.heard.length = 0
  for (let from = 0; from < numbers.length; from += LIMITS.sessionsPerBindMax) {
    const some = numbers.slice(from, from + LIMITS.sessionsPerBindMax)
    const sessions = await Promise.all(some.map((n) => author.opening(sessionNo(n))))
    author.send(authorFrame('bind', { sessions, auth: null, keeps: false }))
  }
  await desk.settle()
  return author.heard.flatMap((frame) => (frame.kind === 'bound' ? frame.sessionIds : []))
}

/** A creation that no reviewer takes: it is refused for its id. */
function refusable(author: HandAuthor, n: number): HandMessage {
  const id = `00000000-0000-8000-8000-${`${n}`.padStart(12, '0')}`
  return author.message([{ type: 'issue', id, kind: 'create', values: { n } }])
}

function byes(author: HandAuthor): string[] {
  return author.heard.flatMap((frame) => (frame.kind === 'bye' ? [frame.reason] : []))
}

describe('wants', () => {
  test('CATCH3 bounds: what is asked for while a link catches up is answered once', async () => {
    const { desk, ann, eve } = await deskWith()
    const rows = Array.from({ length: 40 }, (_, n) => ann.create('issue', { n }))
    await ann.offer(...rows)
    eve.heard.length = 0
    for (let n = 0; n < 100; n++) eve.send(authorFrame('want', { have: null, pages: null }))
    await desk.settle()
    expect(eve.heard.map(({ kind }) => kind)).toEqual(['tail', 'through'])
  })

  test('§20 bounds: a snapshot is made in slices, and what others offer goes in between', async () => {
    const limits = { tailChangesMax: 0, pageEntitiesMax: 4 }
    const { desk, ann, eve } = await deskWith({ limits })
    await ann.offer(...Array.from({ length: 40 }, (_, n) => ann.create('issue', { n })))
    const own = ann.create('issue', { n: 41 })
    const sig = await ann.seal(own.flush)
    const order: string[] = []
    ann.onFrame = ({ kind }) => order.push(`ann ${kind}`)
    eve.onFrame = ({ kind }) => order.push(`eve ${kind}`)
    eve.send(authorFrame('want', { have: null, pages: null }))
    ann.offerFlush(own.session, own.flush, sig)
    await desk.settle()
    const pages = order.filter((frame) => frame === 'eve page')
    expect(pages).toHaveLength(10)
    expect(order.indexOf('ann accepted')).toBeLessThan(order.lastIndexOf('eve page'))
    expect(order.slice(-3)).toEqual(['eve through', 'eve tail', 'eve through'])
  })
})

describe('links without a session', () => {
  test('OPN6 unbound: reads nothing, gets an empty `bound`, and ends in time', async () => {
    const { desk, ann, eve } = await deskWith()
    const root = ann.create('issue', { title: 'a' })
    await ann.offer(root)
    eve.greet()
    await desk.settle()
    eve.heard.length = 0
    eve.send(authorFrame('want', { have: null, pages: null }))
    const have = { eid: sessionNo(1), epoch: 1, seq: 7, chain: 'A'.repeat(43) }
    eve.send(authorFrame('want', { have, pages: null }))
    eve.send(authorFrame('history', { entityId: idOf(root) }))
    await desk.settle()
    expect(eve.heard).toEqual(Array(3).fill(NONE_BOUND))
    await ann.offer(ann.create('issue', { title: 'b' })) // and is told nothing live
    expect(eve.heard).toHaveLength(3)
    await desk.pass(LIMITS.handshakeMs)
    expect(byes(eve)).toEqual(['no session was bound in time'])
    expect(desk.reviewer.state.connections).toBe(2)
    expect(byes(ann)).toEqual([])
  })

  test('OPN6 unbound: what is asked for beside the bind is answered when that is done', async () => {
    const { desk, ann, eve } = await deskWith()
    await ann.offer(ann.create('issue', { title: 'a' }))
    eve.greet()
    await desk.settle()
    eve.heard.length = 0
    eve.send(authorFrame('bind', { sessions: [await eve.opening()], auth: null, keeps: false }))
    eve.send(authorFrame('want', { have: null, pages: null }))
    await desk.settle()
    expect(eve.heard.map(({ kind }) => kind)).toEqual(['bound', 'tail', 'through'])
  })

  test('OPN6 bounds: may send a little and no more', async () => {
    const { desk, eve } = await deskWith()
    eve.greet()
    const want = authorFrame('want', { have: null, pages: null })
    for (let chars = 0; chars <= LIMITS.handshakeBytesMax; chars += want.length) eve.send(want)
    await desk.settle()
    expect(byes(eve)).toEqual(['too many bytes before a session was bound'])
  })
})

describe('sessions', () => {
  const range = (from: number, to: number): number[] =>
    Array.from({ length: to - from }, (_, n) => from + n)

  test('§20 bounds: a link speaks for so many sessions, and the others are not bound', async () => {
    const { desk, eve } = await deskWith({ limits: { sessionsPerLinkMax: 3 } })
    expect(await bindMany(desk, eve, range(0, 5))).toEqual([0, 1].map(sessionNo)) // with its own
    expect(await bindMany(desk, eve, range(0, 2))).toEqual([0, 1].map(sessionNo)) // again is not more
    expect(desk.events.filter(({ type }) => type === 'strike')).toEqual([])
    expect(desk.reviewer.state.sessions).toBe(4)
  })

  test('§20 bounds: goes from memory with its last link, and with a verdict the store has it', async () => {
    const { desk, ann, eve } = await deskWith()
    await bindMany(desk, eve, range(0, 10))
    expect(desk.reviewer.state.sessions).toBe(12)
    await ann.offer(ann.create('issue', { a: 1 }))
    ann.leave()
    eve.leave()
    expect(desk.reviewer.state.sessions).toBe(0)
    const tables = desk.spaces.tables(DESK_SPACE)
    const stored = tables.sessions([ann.sessionId, eve.sessionId, sessionNo(1)])
    expect(stored.map((session) => session?.sessionId)).toEqual([
      ann.sessionId,
      undefined,
      undefined,
    ])
    // Of two links that speak for a session, the first may go.
    await eve.connect()
    const first = eve.leaver()
    await eve.connect()
    first()
    const message = eve.create('issue', { a: 2 })
    await eve.offer(message)
    expect(eve.verdict(message)).toBe('accepted')
  })

  test('§20 bounds: of too many without a verdict the oldest go, and are bound again when they write', async () => {
    const { desk, ann, eve } = await deskWith({ limits: { idleSessionsMax: 4 } })
    const kept = ann.create('issue', { a: 1 })
    await ann.offer(kept)
    await bindMany(desk, eve, range(0, 20))
    expect(desk.reviewer.state.sessions).toBe(5)
    const more = ann.change([kept], { a: 2 })
    await ann.offer(more)
    expect(ann.verdict(more)).toBe('accepted')
    const own = eve.create('issue', { a: 3 })
    await eve.offer(own)
    expect(eve.verdict(own)).toBe('nack not_bound')
    await eve.connect()
    await eve.offer(own)
    expect(eve.verdict(own)).toBe('accepted')
  })

  test('ADM4 a session whose link ends while its first message is written is stored with it', async () => {
    const { desk, ann, eve } = await deskWith()
    desk.spaces.faults = { ...desk.spaces.faults, latencyMs: () => 20 }
    const message = ann.create('issue', { a: 1 })
    ann.offerFlush(message.session, message.flush, await ann.seal(message.flush))
    while (desk.reviewer.state.pendingCommit === 0) await Promise.resolve()
    await desk.pass(5)
    ann.leave()
    eve.send(
      authorFrame('bind', {
        sessions: [await eve.opening(ann.sessionId)],
        auth: null,
        keeps: false,
      }),
    ) // and somebody else takes its name
    await desk.settle()
    expect(desk.reviewer.state.accepted).toBe(1)
    for (const when of ['now', 'after a restart']) {
      if (when !== 'now') await desk.restart()
      await eve.connect()
      eve.send(
        authorFrame('bind', {
          sessions: [await eve.opening(ann.sessionId)],
          auth: null,
          keeps: false,
        }),
      )
      await desk.settle()
      expect(eve.heard.at(-1), when).toEqual(NONE_BOUND)
    }
  })
})

describe('rejections', () => {
  const limits = { rejectionsMax: 10 }
  const told = (author: HandAuthor, messages: readonly HandMessage[]): (string | undefined)[] =>
    messages.map((message) => author.verdict(message))

  /** Ids of those whose texts are kept, of these, in their order. */
  function kept(desk: Desk, messages: readonly HandMessage[]): string[] {
    const tables = desk.spaces.tables(DESK_SPACE)
    return messages.map(({ id }) => id).filter((id) => tables.rejection(id) !== undefined)
  }

  const ids = (messages: readonly HandMessage[]): string[] => messages.map(({ id }) => id)

  test('IDEM3 bounds: the texts of the oldest are deleted, of any author, in steps, and the ledger keeps their numbers', async () => {
    const { desk, ann, eve } = await deskWith({ limits })
    const refused: HandMessage[] = []
    for (let n = 0; n < 63; n++) {
      const author = n % 2 ? ann : eve
      refused.push(refusable(author, n))
      await author.offer(refused[n]!)
    }
    expect(kept(desk, refused)).toEqual(ids(refused)) // the step is not full
    const more = [0, 1].map((n) => refusable(eve, 63 + n))
    await eve.offer(...more)
    refused.push(...more)
    expect(kept(desk, refused)).toEqual(ids(refused.slice(-10)))
    const tables = desk.spaces.tables(DESK_SPACE)
    for (const author of [ann, eve]) {
      const own = refused.filter(({ session }) => session.facts.sessionId === author.sessionId)
      expect(tables.ledgerRuns(author.sessionId, 1, 9)).toEqual([
        { clientSeq: 1, count: own.length, seq: 0 },
      ])
    }
  })

  test('§20 bounds: many of one commit go in the steps that follow it', async () => {
    const { desk, eve } = await deskWith({ limits })
    const refused: HandMessage[] = []
    const refuse = async (count: number): Promise<void> => {
      const some = Array.from({ length: count }, (_, n) => refusable(eve, refused.length + n))
      refused.push(...some)
      await eve.offer(...some)
    }
    await refuse(200)
    expect(kept(desk, refused)).toEqual(ids(refused.slice(128))) // two steps at a time
    await refuse(56)
    expect(kept(desk, refused)).toEqual(ids(refused.slice(-10)))
  })

  test.each(['before a restart', 'after a restart'])(
    'ADM5, IDEM3 idempotency: a message whose rejection is forgotten is refused by its number, %s',
    async (when) => {
      const { desk, ann, eve } = await deskWith({ limits })
      const refused = Array.from({ length: 64 }, (_, n) => refusable(ann, n))
      for (const message of refused) await ann.offer(message)
      if (when === 'after a restart') {
        await desk.restart({ limits })
        await ann.connect()
        await eve.connect()
      }
      ann.heard.length = 0
      const again = [refused[63]!, refused[0]!]
      await ann.offer(...again)
      // What is at hand is told as it was; the store has forgotten the older one.
      const first = when === 'after a restart' ? 'seq_reused' : 'invalid'
      expect(told(ann, again)).toEqual(['invalid', first])
      const next = ann.create('issue', { a: 2 })
      await ann.offer(next)
      expect(ann.verdict(next)).toBe('accepted')
      // A stranger whose session wrote nothing else is no other case.
      const other = refusable(eve, 99)
      await eve.offer(other)
      expect(eve.verdict(other)).toBe('invalid')
    },
  )

  test('REJ1 idempotency: of another message with a forgotten number nothing is kept', async () => {
    const { desk, eve } = await deskWith({ limits })
    const refused = Array.from({ length: 64 }, (_, n) => refusable(eve, n))
    for (const message of refused) await eve.offer(message)
    await desk.restart({ limits })
    await eve.connect()
    const tables = desk.spaces.tables(DESK_SPACE)
    const before = tables.head()
    const other = eve.message(
      [{ type: 'issue', id: eve.ids.next(), kind: 'create', values: { a: 1 } }],
      { clientSeq: 1 },
    )
    await eve.offer(other, refused[0]!)
    expect(told(eve, [other, refused[0]!])).toEqual(['seq_reused', 'seq_reused'])
    expect(tables.head()).toEqual(before)
    expect(kept(desk, [other, refused[0]!])).toEqual([])
  })

  test('§20 bounds: a commit that fails forgets nothing', async () => {
    const { desk, eve } = await deskWith({ limits })
    const refused = Array.from({ length: 64 }, (_, n) => refusable(eve, n))
    for (const message of refused.slice(0, 63)) await eve.offer(message)
    desk.spaces.faults = { ...desk.spaces.faults, writeFails: () => 'before' }
    await eve.offer(refused[63]!)
    desk.spaces.faults = { ...desk.spaces.faults, writeFails: () => undefined }
    expect(kept(desk, refused)).toEqual(ids(refused.slice(0, 63)))
    eve.heard.length = 0
    await eve.offer(refused[0]!)
    expect(eve.verdict(refused[0]!)).toBe('invalid')
    await eve.offer(refused[63]!)
    expect(kept(desk, refused)).toEqual(ids(refused.slice(-10)))
  })
})
