/** Who may say what: frames of somebody who speaks the wire well and lies about keys, sessions and persons. */
import { describe, expect, test } from 'vitest'
import { flushHashes } from '../facts/hashes.ts'
import { composeSession } from '../facts/session-line.ts'
import type { Flush, FlushText, Session } from '../facts/types.ts'
import { Desk, type DeskOptions, type HandAuthor, type HandMessage } from '../testing/desk.ts'
import { type ProvedOpening, authorFrame } from '../wire/frames.ts'

async function two(options: DeskOptions = {}): Promise<{
  desk: Desk
  ann: HandAuthor
  eve: HandAuthor
}> {
  const desk = await Desk.open(options)
  return { desk, ann: await desk.author('ann'), eve: await desk.author('eve') }
}

function strikes(desk: Desk): string[] {
  return desk.events.flatMap((event) => (event.type === 'strike' ? [event.why] : []))
}

/** Offers a flush with a seal that was made by whoever made it. */
async function offerAs(
  desk: Desk,
  sender: HandAuthor,
  { session, flush }: { readonly session: Session; readonly flush: Pick<Flush, 'text'> },
  sig: string,
): Promise<void> {
  sender.offerFlush(session, flush, sig)
  await desk.settle()
}

/** Nothing was decided, and the author's own next message is accepted as if nothing had been. */
async function nothingHappened(desk: Desk, message: HandMessage, ann: HandAuthor): Promise<void> {
  expect(desk.reviewer.state).toMatchObject({ accepted: 0, rejected: 0, pendingCommit: 0 })
  await ann.offer(message)
  expect(ann.verdict(message)).toBe('accepted')
}

const WRONG_SEAL = 'the seal does not match what was offered'

describe('seals', () => {
  test('OFR4, OFR5 who wrote: another key seals for the author, in its own name and in theirs', async () => {
    const { desk, ann, eve } = await two()
    const message = ann.create('issue', { title: 'a' })
    const own = composeSession({ ...message.session.facts, authorId: eve.authorId })
    const hashes = flushHashes(own.hash, message.flush.text)
    await offerAs(desk, eve, { session: own, flush: message.flush }, await eve.seal({ hashes }))
    await offerAs(desk, eve, message, await eve.seal(message.flush))
    expect(strikes(desk)).toEqual([
      `messages of session ${ann.sessionId}, which is another author's`,
      WRONG_SEAL,
    ])
    await nothingHappened(desk, message, ann)
  })

  test('OFR5 who wrote: a seal of the right key, of the same lines in another session', async () => {
    const { desk, ann, eve } = await two()
    const message = ann.create('issue', { title: 'a' })
    const { session } = eve.create('issue', { title: 'b' })
    await offerAs(desk, eve, { session, flush: message.flush }, await ann.seal(message.flush))
    expect(strikes(desk)).toEqual([WRONG_SEAL])
    await nothingHappened(desk, message, ann)
  })

  test.each(['fewer', 'more', 'others'])('OFR5 who wrote: a seal of %s messages', async (kind) => {
    const { desk, ann, eve } = await two()
    const [one, other] = [ann.create('issue', { title: 'a' }), ann.create('issue', { title: 'b' })]
    const [both] = ann.together(one, other)
    const sealed = { fewer: one, more: both!, others: other }[kind]!
    const offered = { fewer: both!, more: one, others: one }[kind]!
    await offerAs(desk, eve, offered, await ann.seal(sealed.flush))
    expect(strikes(desk)).toEqual([WRONG_SEAL])
    await nothingHappened(desk, one, ann)
  })

  test('§7 who wrote: lines of another author are other messages in the own session', async () => {
    const { desk, ann, eve } = await two()
    const hers = ann.create('issue', { title: 'a' })
    const { session } = eve.create('issue', { title: 'b' })
    const hashes = flushHashes(session.hash, hers.flush.text)
    await offerAs(desk, eve, { session, flush: hers.flush }, await eve.seal({ hashes }))
    // It is judged as what it is: a creation by somebody who did not mint the id.
    expect(eve.heard.at(-1)).toMatchObject({
      rejections: [{ reason: 'invalid', hash: hashes.lines[0] }],
    })
    expect(hashes.lines[0]).not.toBe(hers.hash)
    await ann.offer(hers)
    expect(ann.verdict(hers)).toBe('accepted')
  })

  test('§7 who wrote: a bad seal is no message that waits: the count of those is what it was', async () => {
    const limits = { inFlightMessagesMax: 2 }
    const { desk, ann, eve } = await two({ limits })
    const stolen = [1, 2, 3, 4].map((n) => ann.create('issue', { title: `${n}` }))
    for (const [one] of [
      ann.together(stolen[0]!, stolen[1]!),
      ann.together(stolen[2]!, stolen[3]!),
    ])
      await offerAs(desk, eve, one!, await eve.seal(one!.flush))
    expect(strikes(desk)).toEqual([WRONG_SEAL, WRONG_SEAL])
    const own = eve.create('issue', { title: 'own' })
    await eve.offer(
      own,
      eve.create('issue', { title: 'own' }),
      eve.create('issue', { title: 'own' }),
    )
    expect(eve.verdict(own)).toBe('accepted')
    expect(desk.reviewer.state.pendingCommit).toBe(0)
  })
})

describe('bind', () => {
  interface Sides {
    readonly ann: HandAuthor
    readonly eve: HandAuthor
  }
  type Lie = (hers: ProvedOpening, sides: Sides) => Promise<Partial<ProvedOpening>>
  const NOT_SIGNED = 'the session is not signed by its author'
  const NOT_PROVED = 'the session is not proved over this link'
  const lies: [title: string, why: string, lie: Lie][] = [
    ['without a signature', NOT_SIGNED, async () => ({ sig: '' })],
    [
      'with the signature of another session',
      NOT_SIGNED,
      async (_, { ann }) => ({ sig: (await ann.opening()).sig }),
    ],
    [
      'of another author with the own key',
      'the author id is not that of the key',
      ({ sessionId, authorId }, { eve }) => eve.opening(sessionId, authorId),
    ],
    ['in the name of another person', NOT_SIGNED, async () => ({ personalId: 'bob' })],
    ['with another salt', NOT_SIGNED, async (_, { eve }) => ({ salt: (await eve.opening()).salt })],
    ['without a proof', NOT_PROVED, async () => ({ proof: '' })],
    ['that was read on another link', NOT_PROVED, async ({ proof }) => ({ proof })],
    [
      'with the proof of another key',
      NOT_PROVED,
      async ({ sessionId }, { eve }) => ({ proof: await eve.proof(sessionId) }),
    ],
    [
      'with the proof of another session',
      NOT_PROVED,
      async (_, { ann, eve }) => ({ proof: await ann.proof(ann.sessionId, eve) }),
    ],
    [
      'with its signature in the place of the proof',
      NOT_PROVED,
      async ({ sig }) => ({ proof: sig }),
    ],
  ]
  const SESSION = '11111111-2222-4333-8444-555555555555'

  test.each(lies)('WHO4, WHO7 who wrote: a bind %s binds nothing', async (_, why, lie) => {
    const { desk, ann, eve } = await two()
    const hers = await ann.opening(SESSION)
    // Where nothing else is said, Ann has proved it over Eve's link.
    const proof = await ann.proof(SESSION, eve)
    const opening = { ...hers, proof, ...(await lie(hers, { ann, eve })) }
    eve.heard.length = 0
    eve.send(authorFrame('bind', { sessions: [opening], auth: null, keeps: false }))
    await desk.settle()
    expect(eve.heard).toMatchObject([{ kind: 'bound', sessionIds: [] }])
    expect(strikes(desk)).toEqual([why])
    // The session is still to be had by its own author.
    ann.send(authorFrame('bind', { sessions: [hers], auth: null, keeps: false }))
    await desk.settle()
    expect(ann.heard.at(-1)).toMatchObject({ kind: 'bound', sessionIds: [hers.sessionId] })
  })

  test('WHO7 a proof is of one link: it binds there, each time it is sent, and not on the next', async () => {
    const { desk, ann } = await two()
    const before = await ann.opening(SESSION)
    const bind = async (opening: ProvedOpening): Promise<readonly string[]> => {
      ann.heard.length = 0
      ann.send(authorFrame('bind', { sessions: [opening], auth: null, keeps: false }))
      await desk.settle()
      return ann.heard.flatMap((frame) => (frame.kind === 'bound' ? frame.sessionIds : []))
    }
    expect(await bind(before)).toEqual([SESSION])
    expect(await bind(before)).toEqual([SESSION])
    await ann.connect()
    expect(await bind(before)).toEqual([])
    expect(strikes(desk)).toEqual([NOT_PROVED])
    expect(await bind({ ...before, proof: await ann.proof(SESSION) })).toEqual([SESSION])
  })

  test.each(['before a restart', 'after a restart'])(
    'WHO2 who wrote: a session is bound to a second person, or a second key, %s',
    async (when) => {
      const { desk, ann, eve } = await two()
      await ann.offer(ann.create('issue', { title: 'a' }))
      if (when === 'after a restart') {
        await desk.restart()
        await eve.connect()
      }
      eve.send(
        authorFrame('bind', {
          sessions: [await eve.opening(ann.sessionId)],
          auth: null,
          keeps: false,
        }),
      )
      await desk.settle()
      expect(eve.heard.at(-1)).toMatchObject({ kind: 'bound', sessionIds: [] })
      expect(strikes(desk)).toEqual(['the session is bound to another person'])
      await ann.connect()
      const next = ann.create('issue', { title: 'b' })
      await ann.offer(next)
      expect(ann.verdict(next)).toBe('accepted')
    },
  )
})

describe('messages', () => {
  test('§7 who wrote: a message of the session of another uses up no number of it', async () => {
    const { desk, ann, eve } = await two()
    const foreign = eve.message(
      [{ type: 'issue', id: eve.ids.next(), kind: 'create', values: { title: 'x' } }],
      { session: { sessionId: ann.sessionId }, clientSeq: 1 },
    )
    await eve.offer(foreign)
    expect(eve.verdict(foreign)).toBeUndefined()
    expect(strikes(desk)).toEqual([expect.stringContaining('which is another author')])
    const first = ann.create('issue', { title: 'a' })
    expect(first.clientSeq).toBe(1)
    await nothingHappened(desk, first, ann)
  })

  test('ADM6 who wrote: a message commits to another person than its session', async () => {
    const { ann, eve } = await two()
    const { personalCommit } = ann.create('issue', { title: 'a' }).session.facts
    const message = eve.message(
      [{ type: 'issue', id: eve.ids.next(), kind: 'create', values: { title: 'x' } }],
      { session: { personalCommit } },
    )
    await eve.offer(message)
    expect(eve.verdict(message)).toBe('unauthorised')
  })

  test('OFR4 who wrote: a message of an unbound session waits, of any size', async () => {
    const { desk, eve } = await two()
    const long = 'x'.repeat(60_000)
    const values = { a: long, b: long, c: long, d: long }
    const large = eve.message([{ type: 'issue', id: eve.ids.next(), kind: 'create', values }], {
      session: { sessionId: '11111111-2222-4333-8444-555555555555' },
    })
    await eve.offer(large)
    expect(eve.verdict(large)).toBe('nack not_bound')
    expect(desk.reviewer.state.rejected).toBe(0)
  })

  const withheld: [what: string, of: (flush: Flush) => FlushText][] = [
    [
      'a line, for its hash',
      ({ text, hashes }) => ({ ...text, lines: text.lines.with(1, `"${hashes.lines[1]!}"`) }),
    ],
    ['a line', ({ text }) => ({ ...text, lines: text.lines.toSpliced(1, 1) })],
    ['the outer line', ({ text }) => ({ ...text, lines: text.lines.slice(0, 2) })],
    [
      'the values of a change',
      ({ text }) => ({
        ...text,
        lines: text.lines.with(1, text.lines[1]!.replace('["b"]', 'null')),
      }),
    ],
  ]
  test.each(withheld)('§7 who wrote: a new message withholds %s', async (_, of) => {
    const { desk, ann } = await two()
    const whole = ann.message([
      { type: 'issue', id: ann.ids.next(), kind: 'create', values: { title: 'a' } },
      { type: 'issue', id: ann.ids.next(), kind: 'create', values: { title: 'b' } },
    ])
    const { session, flush } = whole
    const text = of(flush)
    expect(text.lines).not.toEqual(flush.text.lines)
    for (const hashes of [flush.hashes, flushHashes(session.hash, text)])
      await offerAs(desk, ann, { session, flush: { text } }, await ann.seal({ hashes }))
    expect(strikes(desk)).toHaveLength(2)
    expect(strikes(desk)).not.toContain(WRONG_SEAL)
    await nothingHappened(desk, whole, ann)
  })

  test('ADM14 who wrote: an update changes the type of its row, or of a row that it makes', async () => {
    const { ann, eve } = await two()
    const root = ann.create('issue', { title: 'a' })
    await ann.offer(root)
    const { entityId: id } = root.changes[0]!
    const change = { type: 'note', id, values: { title: 'x' } }
    const update = eve.message([{ ...change, kind: 'update', parents: [root] }])
    const resolve = eve.message([{ ...change, kind: 'resolve', parents: [root] }])
    await eve.offer(update, resolve)
    expect([update, resolve].map((message) => eve.verdict(message))).toEqual(['invalid', 'invalid'])
    // In one batch, where the row is not committed yet.
    const fresh = eve.create('issue', { title: 'b' })
    const { entityId: other } = fresh.changes[0]!
    const child = eve.message([
      { type: 'note', id: other, kind: 'update', values: { title: 'c' }, parents: [fresh] },
    ])
    await eve.offer(fresh, child)
    expect(eve.verdict(child)).toBe('invalid')
  })
})
