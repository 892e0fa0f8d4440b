/** What one commit takes of the offers that wait, in which order, and what the links are sent of it. */
import { expect, test } from 'vitest'
import { z } from 'zod'
import { LIMITS, type Limits } from '../facts/limits.ts'
import { entity } from '../schema/entity.ts'
import { Desk, type HandAuthor, type HandMessage } from '../testing/desk.ts'
import { authorFrame } from '../wire/frames.ts'

const Issue = entity('issue', z.object({ title: z.string() }))
const issue = (author: HandAuthor, title: string): HandMessage => author.create('issue', { title })

async function deskWith(
  limits: Partial<Limits> = {},
): Promise<{ desk: Desk; ann: HandAuthor; eve: HandAuthor }> {
  const desk = await Desk.open({ entities: [Issue], limits })
  return { desk, ann: await desk.author('ann'), eve: await desk.author('eve') }
}

/** Sends the flush of a message, and waits for nothing. */
async function send(author: HandAuthor, { session, flush }: HandMessage): Promise<void> {
  author.offerFlush(session, flush, await author.seal(flush))
}

const tails = ({ heard }: HandAuthor): readonly string[][] =>
  heard.flatMap((frame) => (frame.kind === 'tail' ? [frame.texts.split('\n')] : []))

test.each([
  ['messages', { batchMessagesMax: 2 }, 2],
  ['bytes, at least one offer', { batchBytesAim: 1 }, 1],
] as const)(
  'COM2 a commit takes the offers that wait, in order, up to so many %s',
  async (_, limits, most) => {
    const { desk, ann } = await deskWith(limits)
    desk.events.length = 0
    desk.spaces.faults = { ...desk.spaces.faults, latencyMs: () => 20 }
    const messages = [1, 2, 3, 4, 5, 6].map((n) => issue(ann, `${n}`))
    await send(ann, messages[0]!)
    while (desk.reviewer.state.pendingCommit === 0) await Promise.resolve()
    for (const message of messages.slice(1)) await send(ann, message)
    await desk.pass(1_000)
    const committed = desk.events.flatMap((event) =>
      event.type === 'committed' ? [event.messages] : [],
    )
    expect(committed.reduce((sum, each) => sum + each)).toBe(6)
    expect(Math.max(...committed)).toBe(most)
    await desk.restart({ entities: [Issue] })
    const bob = await desk.author('bob')
    await bob.follow()
    const told = bob.batches().flatMap(({ accepted }) => accepted.map(({ id }) => id))
    expect(told).toEqual(messages.map(({ id }) => id))
    expect([LIMITS.batchMessagesMax, LIMITS.batchBytesAim]).toEqual([2_048, 65_536])
  },
)

test('COM2 a commit of many sessions waits for the store as often as that of one', async () => {
  const { desk, ann } = await deskWith()
  const others = await Promise.all(['b', 'c', 'd', 'e', 'f', 'g', 'h'].map((n) => desk.author(n)))
  desk.events.length = 0
  desk.spaces.faults = { ...desk.spaces.faults, answerMs: () => 1_000 }
  await send(ann, issue(ann, 'alone'))
  await desk.pass(60_000)
  for (const one of others) await send(one, issue(one, 'together'))
  await desk.pass(60_000)
  const [alone, together, ...more] = desk.events.filter((event) => event.type === 'committed')
  expect([alone?.messages, together?.messages, more]).toEqual([1, others.length, []])
  expect(together!.durationMs).toBe(alone!.durationMs)
})

test('COM3, VRD2 a batch has all lines of a flush: hashes for what was not accepted, and for its author', async () => {
  const { desk, ann, eve } = await deskWith()
  await ann.follow()
  await eve.follow()
  const [first, refused, last] = ann.together(
    issue(ann, 'one'),
    ann.create('issue', { title: 2 }),
    issue(ann, 'three'),
  ) as [HandMessage, HandMessage, HandMessage]
  await ann.offer(first)
  expect(
    [first, last].map((message) => ann.batches()[0]!.accepted.some(({ id }) => id === message.id)),
  ).toEqual([true, true])
  expect(ann.verdict(refused)).toBe('invalid')
  const { lines } = first.flush.text
  const hashes = first.flush.hashes.lines.map((hash) => JSON.stringify(hash))
  const [shown, own] = [tails(eve)[0]!, tails(ann)[0]!]
  expect(shown.slice(-3)).toEqual([lines[0], hashes[1], lines[2]])
  expect(own.slice(-3)).toEqual(hashes)
  expect(own.slice(0, -3)).toEqual(shown.slice(0, -3))
  // Who catches up later is sent the same.
  const bob = await desk.author('bob')
  await bob.follow()
  expect(tails(bob)[0]!.slice(-3)).toEqual(shown.slice(-3))
})

test('ADM3 what no longer fits a commit is nacked `busy`, and accepted by the next one', async () => {
  const { ann } = await deskWith({ reviewerFrameBytesMax: 40_000 })
  const all = ann.together(...[1, 2, 3, 4].map((n) => issue(ann, `${n}`.repeat(6_000))))
  await ann.offer(all[0]!)
  expect(ann.heard.at(-1)).toMatchObject({
    ...{ kind: 'nack', reason: 'busy', alone: false, sig: null, clientSeqs: [3, 4] },
  })
  await ann.offer(all[0]!)
  const places = ann.heard.flatMap((frame) =>
    frame.kind === 'accepted' ? frame.reviews.map(({ clientSeq, seq }) => [clientSeq, seq]) : [],
  )
  expect(places).toEqual([1, 2, 1, 2, 3, 4].map((no) => [no, no]))
})

test('OFR2 while the reviewer stops every offer is nacked `unavailable`, all of it', async () => {
  const { desk, ann } = await deskWith()
  desk.spaces.faults = { ...desk.spaces.faults, latencyMs: () => 20 }
  const first = issue(ann, 'one')
  await send(ann, first)
  while (desk.reviewer.state.pendingCommit === 0) await Promise.resolve()
  const closed = desk.reviewer.close()
  const [late] = ann.together(issue(ann, 'two'), issue(ann, 'three')) as [HandMessage]
  await send(ann, late)
  await desk.pass(1_000)
  await closed
  const nacks = ann.heard.filter(({ kind }) => kind === 'nack')
  expect(nacks).toMatchObject([{ reason: 'unavailable', alone: false, clientSeqs: [2, 3] }])
  expect(ann.verdict(first)).toBe('accepted')
})

test('OFR4, OFR6 offers right behind their bind are judged in their order, whichever seal is checked first', async () => {
  const { desk, ann, eve } = await deskWith()
  await ann.follow()
  const root = issue(eve, 'one')
  const child = eve.change([root], { title: 'two' })
  eve.greet()
  await desk.settle()
  const verify = desk.signer.verify.bind(desk.signer)
  let checks = 0
  desk.signer.verify = async (...args) => {
    // The opening, its proof, and then the seal of the first offer.
    if (++checks === 3) await new Promise<void>((done) => void desk.clock.after(50, done))
    return verify(...args)
  }
  eve.send(authorFrame('bind', { sessions: [await eve.opening()], auth: null, keeps: false }))
  await send(eve, root)
  await send(eve, child)
  await desk.pass(1_000)
  expect([root, child].map((message) => eve.verdict(message))).toEqual(['accepted', 'accepted'])
  expect(ann.batches()).toHaveLength(1)
  expect(checks).toBe(4)
})

test('MSG7 a number that was never offered holds up no later one, and may come after it', async () => {
  const { ann } = await deskWith()
  const [first, second, third] = [issue(ann, 'one'), issue(ann, 'two'), issue(ann, 'three')]
  await ann.offer(first, third)
  expect([first, second, third].map((message) => ann.verdict(message))).toEqual([
    'accepted',
    undefined,
    'accepted',
  ])
  await ann.offer(second)
  expect(ann.verdict(second)).toBe('accepted')
})

test('COM4 a link is sent what was accepted before, then what is refused and nacked, and then the batch', async () => {
  const { desk, ann, eve } = await deskWith()
  await ann.follow()
  await eve.follow()
  const bob = await desk.author('bob') // asks for nothing
  const [early, late] = [issue(eve, 'one'), issue(eve, 'two')]
  const all = ann.together(
    issue(ann, 'three'),
    ann.create('issue', { title: 4 }),
    ann.change([early], { title: 'five' }),
    ann.change([late], { title: 'six' }),
  )
  await ann.offer(...all)
  expect(all.map((message) => ann.verdict(message)).slice(1)).toEqual([
    'invalid',
    'nack parent_unknown',
    'nack parent_unknown',
  ])
  await eve.offer(early)
  for (const { heard } of [ann, eve, bob]) heard.length = 0
  await ann.offer(...all)
  expect(ann.heard.map(({ kind }) => kind)).toEqual(['accepted', 'rejected', 'nack', 'tail'])
  expect(ann.heard).toMatchObject([
    { reviews: [{ clientSeq: 1, seq: 1 }] },
    { rejections: [{ msgId: all[1]!.id }] },
    { clientSeqs: [4] },
    { position: { seq: 3 } },
  ])
  expect(eve.heard.map(({ kind }) => kind)).toEqual(['tail'])
  expect(bob.heard).toEqual([])
})
