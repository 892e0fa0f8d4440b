/** Who may say what: frames of somebody who speaks the wire well and lies about keys, sessions and persons. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { valuesHash } from '../message/ids.ts'
import type { Change, Message, SessionOpening } from '../message/message.ts'
import { bindFrame, offerFrame } from '../protocol/frames.ts'
import { packMessages } from '../protocol/pack.ts'
import { entity } from '../schema/entity.ts'
import { Desk, type DeskOptions, type HandAuthor } from '../testing/desk.ts'

const Issue = entity('issue', z.object({ title: z.string() }))

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

/** The change as somebody has it who was not told its values: with the same leaf. */
function bare({ meta, values, salt }: Change): Change {
  return { meta, valuesHash: valuesHash(salt!, values!) }
}

/** Offers what a seal was made for by whoever made it. */
async function offerAs(
  desk: Desk,
  sender: HandAuthor,
  messages: readonly Message[],
  seal: { readonly sig: string; readonly publicKey: string },
): Promise<void> {
  sender.send(offerFrame(packMessages(messages), seal.sig, seal.publicKey))
  await desk.settle()
}

/** Nothing was decided, and the author's own next message is accepted as if nothing had been. */
async function nothingHappened(desk: Desk, message: Message, ann: HandAuthor): Promise<void> {
  expect(desk.reviewer.state).toMatchObject({ accepted: 0, rejected: 0, pendingCommit: 0 })
  await ann.offer(message)
  expect(ann.verdict(message)).toBe('accepted')
}

describe('seals', () => {
  test('§7 who wrote: another key seals for the author, in its own name and in theirs', async () => {
    const { desk, ann, eve } = await two()
    const message = ann.create('issue', { title: 'a' })
    const own = await eve.seal([message])
    const borrowed = await eve.seal([message], ann.authorId)
    await offerAs(desk, eve, [message], own)
    await offerAs(desk, eve, [message], borrowed)
    expect(strikes(desk)).toEqual(Array(2).fill('the author id is not that of the key'))
    await nothingHappened(desk, message, ann)
  })

  test('§7 who wrote: a signature of another key under the name of the right one', async () => {
    const { desk, ann, eve } = await two()
    const message = ann.create('issue', { title: 'a' })
    const { sig } = await eve.seal([message], ann.authorId)
    const { publicKey } = await ann.seal([message])
    await offerAs(desk, eve, [message], { sig, publicKey })
    expect(strikes(desk)).toEqual(['the seal does not match what was offered'])
    await nothingHappened(desk, message, ann)
  })

  test.each(['fewer', 'more', 'others'])('§7 who wrote: a seal of %s messages', async (kind) => {
    const { desk, ann, eve } = await two()
    const [one, other] = [ann.create('issue', { title: 'a' }), ann.create('issue', { title: 'b' })]
    const sealed = { fewer: [one], more: [one, other], others: [other] }[kind]!
    const offered = { fewer: [one, other], more: [one], others: [one] }[kind]!
    await offerAs(desk, eve, offered, await ann.seal(sealed))
    expect(strikes(desk)).toEqual(['the seal does not match what was offered'])
    await nothingHappened(desk, one, ann)
  })

  test('§7 who wrote: an offer holds messages of several authors', async () => {
    const { desk, ann, eve } = await two()
    const [hers, theirs] = [
      ann.create('issue', { title: 'a' }),
      eve.create('issue', { title: 'b' }),
    ]
    for (const messages of [
      [hers, theirs],
      [theirs, hers],
    ])
      await offerAs(desk, eve, messages, await eve.seal(messages))
    expect(strikes(desk)).toEqual(Array(2).fill('an offer of several authors'))
    await nothingHappened(desk, hers, ann)
  })

  test('§7 who wrote: a bad seal is no message that waits: the count of those is what it was', async () => {
    const limits = { inFlightMessagesMax: 2 }
    const { desk, ann, eve } = await two({ limits })
    const stolen = [1, 2, 3].map((n) => ann.create('issue', { title: `${n}` }))
    for (const message of stolen.slice(0, 2))
      await offerAs(desk, eve, [message, message], await eve.seal([message]))
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
  type Lie = (hers: SessionOpening, eve: HandAuthor) => Promise<Partial<SessionOpening>>
  const lies: [title: string, lie: Lie][] = [
    ['without a signature', async () => ({ sig: '' })],
    [
      'with the signature of another session',
      async (_, eve) => ({ sig: (await eve.opening()).sig }),
    ],
    [
      'of another author with the own key',
      (hers, eve) => eve.opening(hers.sessionId, hers.authorId),
    ],
    ['in the name of another person', async () => ({ personalId: 'bob' })],
    ['with another salt', async (_, eve) => ({ salt: (await eve.opening()).salt })],
  ]
  test.each(lies)('§7 who wrote: a bind %s binds nothing', async (_, lie) => {
    const desk = await Desk.open()
    const ann = await desk.author('ann')
    const eve = await desk.author('eve')
    const hers = await ann.opening('11111111-2222-4333-8444-555555555555')
    const opening = { ...hers, ...(await lie(hers, eve)) }
    eve.heard.length = 0
    eve.send(bindFrame([opening]))
    await desk.settle()
    expect(eve.heard).toEqual([{ kind: 'bound', sessionIds: [] }])
    expect(strikes(desk)).toHaveLength(1)
    // The session is still to be had by its own author.
    ann.send(bindFrame([hers]))
    await desk.settle()
    expect(ann.heard.at(-1)).toEqual({ kind: 'bound', sessionIds: [hers.sessionId] })
  })

  test.each(['before a restart', 'after a restart'])(
    '§7 who wrote: a session is bound to a second person, or a second key, %s',
    async (when) => {
      const { desk, ann, eve } = await two()
      await ann.offer(ann.create('issue', { title: 'a' }))
      if (when === 'after a restart') {
        await desk.restart()
        await eve.connect()
      }
      eve.send(bindFrame([await eve.opening(ann.sessionId)]))
      await desk.settle()
      expect(eve.heard.at(-1)).toEqual({ kind: 'bound', sessionIds: [] })
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
      { sessionId: ann.sessionId, clientSeq: 1 },
    )
    await eve.offer(foreign)
    expect(eve.verdict(foreign)).toBeUndefined()
    expect(strikes(desk)).toEqual([expect.stringContaining('which is another author')])
    const first = ann.create('issue', { title: 'a' })
    expect(first.header.clientSeq).toBe(1)
    await nothingHappened(desk, first, ann)
  })

  test('§7 who wrote: a message commits to another person than its session', async () => {
    const { ann, eve } = await two()
    const { personalCommit } = ann.create('issue', { title: 'a' }).header
    const message = eve.message(
      [{ type: 'issue', id: eve.ids.next(), kind: 'create', values: { title: 'x' } }],
      { personalCommit },
    )
    await eve.offer(message)
    expect(eve.verdict(message)).toBe('unauthorised')
  })

  test('§7 who wrote: a message of a session that nobody has bound waits, however large it is', async () => {
    const { desk, eve } = await two()
    const long = 'x'.repeat(60_000)
    const values = { a: long, b: long, c: long, d: long }
    const large = eve.message([{ type: 'issue', id: eve.ids.next(), kind: 'create', values }], {
      sessionId: '11111111-2222-4333-8444-555555555555',
    })
    await eve.offer(large)
    expect(eve.verdict(large)).toBe('nack not_bound')
    expect(desk.reviewer.state.rejected).toBe(0)
  })

  const withheld: [what: string, of: (change: Change) => Change | null][] = [
    ['a change', () => null],
    ['the values of a change', (change) => bare(change)],
  ]
  const types: [what: string, options: DeskOptions][] = [
    ['without types', {}],
    ['with types', { entities: [Issue] }],
  ]
  test.each(withheld.flatMap((what) => types.map((with_) => [...what, ...with_] as const)))(
    '§7 who wrote: a new message withholds %s (%#)',
    async (_, of, __, options) => {
      const { ann } = await two(options)
      const values = { title: 'a' }
      const whole = ann.message([
        { type: 'issue', id: ann.ids.next(), kind: 'create', values },
        { type: 'issue', id: ann.ids.next(), kind: 'create', values },
      ])
      const [first, second] = whole.changes
      await ann.offer({ ...whole, changes: [first!, of(second!)] })
      expect(ann.verdict(whole)).toBe('invalid')
    },
  )

  test('§7 who wrote: an update changes the type of its row, or of a row that it makes', async () => {
    const { ann, eve } = await two()
    const root = ann.create('issue', { title: 'a' })
    await ann.offer(root)
    const { entityId: id } = root.changes[0]!.meta
    const change = { type: 'note', id, values: { title: 'x' } }
    const update = eve.message([{ ...change, kind: 'update', parents: [root] }])
    const resolve = eve.message([{ ...change, kind: 'resolve', parents: [root] }])
    await eve.offer(update, resolve)
    expect([update, resolve].map((message) => eve.verdict(message))).toEqual(['invalid', 'invalid'])
    // In one batch, where the row is not committed yet.
    const fresh = eve.create('issue', { title: 'b' })
    const { entityId: other } = fresh.changes[0]!.meta
    const child = eve.message([
      { type: 'note', id: other, kind: 'update', values: { title: 'c' }, parents: [fresh] },
    ])
    await eve.offer(fresh, child)
    expect(eve.verdict(child)).toBe('invalid')
  })
})
