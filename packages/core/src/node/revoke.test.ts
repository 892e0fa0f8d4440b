/** Author ids and persons that are revoked: what is taken of them, what is refused, and that they read nothing. */
import { describe, expect, test } from 'vitest'
import { Desk, type DeskOptions, type HandAuthor, type HandMessage } from '../testing/desk.ts'
import { chainPrefix } from '../facts/ids.ts'
import type { Seen } from '../facts/types.ts'
import { type ReviewerFrame, authorFrame } from '../wire/frames.ts'
import type { Authenticate } from './login.ts'

const byName: Authenticate = (auth) => (auth === undefined ? null : { personalId: auth })
const options: DeskOptions = { authenticate: byName }

type Of<K> = ReviewerFrame & { readonly kind: K }
function heardOf<K extends ReviewerFrame['kind']>(author: HandAuthor, kind: K): readonly Of<K>[] {
  return author.heard.filter((frame): frame is Of<K> => frame.kind === kind)
}
const boundOf = (author: HandAuthor): unknown => {
  const last = heardOf(author, 'bound').at(-1)
  return last && [last.sessionIds.length, last.why, last.may]
}
const byes = (author: HandAuthor): unknown[] =>
  heardOf(author, 'bye').map(({ reason, code }) => [reason, code])
const refusalOf = (author: HandAuthor, { id }: HandMessage): unknown => {
  const found = heardOf(author, 'rejected').flatMap(({ rejections }) => rejections)
  const one = found.find(({ msgId }) => msgId === id)
  return one && [one.reason, one.detail]
}

const ID = 'this author id was revoked by the operator of this space'
const PERSON = 'this person was revoked by the operator of this space'
const SINCE = ': it was written since'
const ALL = ['read', 'write', 'publish']

/** Time passes also while nothing is due. */
async function passing(desk: Desk, ms: number): Promise<void> {
  desk.clock.after(ms, () => {})
  await desk.pass(ms)
}

/** The call of an operator, on virtual time. */
async function done(desk: Desk, call: Promise<void>): Promise<void> {
  call.catch(() => {}) // awaited below
  await passing(desk, 1_000)
  await call
}

/** Ann with a row of hers and an edit that she has not sent, and Bob, who follows. */
async function opened(token: string | null = 'ann') {
  const desk = await Desk.open(options)
  const [ann, bob] = [await desk.author('ann', token), await desk.author('bob', 'bob')]
  const root = ann.create('issue', { title: 'a' })
  await ann.offer(root)
  await bob.follow()
  const before = ann.change([root], { title: 'written before' })
  await passing(desk, 1_000)
  return { desk, ann, bob, root, before }
}

describe('RVK1 who is revoked', () => {
  test('as an author id has its links ended, and no other link is', async () => {
    const { desk, ann, bob } = await opened()
    const phone = await desk.author('ann', 'ann')
    await done(desk, desk.reviewer.revoke({ authorId: ann.authorId }))
    expect([byes(ann), byes(phone), byes(bob)]).toEqual([[[ID, null]], [], []])
    await ann.connect()
    expect([boundOf(ann), boundOf(phone)]).toEqual([
      [1, ID, []],
      [1, null, ALL],
    ])
  })

  test('as a person is so under each author id, a new one, too', async () => {
    const { desk, ann, bob } = await opened()
    const phone = await desk.author('ann', 'ann')
    await done(desk, desk.reviewer.revoke({ personalId: 'ann' }))
    expect([byes(ann), byes(phone), byes(bob)]).toEqual([[[PERSON, null]], [[PERSON, null]], []])
    const fresh = await desk.author('ann', 'ann')
    expect(boundOf(fresh)).toEqual([1, PERSON, []])
  })

  test('without a login is who their sessions claim to be', async () => {
    const { desk, ann } = await opened(null)
    await done(desk, desk.reviewer.revoke({ personalId: 'ann' }))
    expect(byes(ann)).toEqual([[PERSON, null]])
  })

  test('is so after a restart, and at another process on the store with its next commit', async () => {
    const { desk, ann, bob, root } = await opened()
    const first = desk.reviewer
    await desk.restart(options)
    await done(desk, desk.reviewer.revoke({ authorId: ann.authorId }))
    const since = ann.change([root], { title: 'since' })
    await ann.offer(since)
    expect(byes(ann)).toEqual([['the store answered late; resume', null]])
    await bob.connect()
    desk.use(first)
    await ann.connect()
    await ann.offer(since)
    expect(refusalOf(ann, since)).toEqual(['revoked', ID + SINCE])
    await desk.restart(options)
    await ann.connect()
    expect(boundOf(ann)).toEqual([1, ID, []])
  })

  test('is not, where the store cannot store it: the caller is told', async () => {
    const { desk, ann } = await opened()
    desk.spaces.faults = { ...desk.spaces.faults, writeFails: () => 'before' }
    const call = desk.reviewer.revoke({ authorId: ann.authorId })
    await expect(done(desk, call)).rejects.toThrow(/refuses a commit/)
    expect(byes(ann)).toEqual([])
  })
})

describe('RVK2 of who is revoked', () => {
  test('what was written before is judged as anything, what is written since is refused', async () => {
    const { desk, ann, root, before } = await opened()
    await done(desk, desk.reviewer.revoke({ personalId: 'ann' }))
    const since = ann.change([root], { title: 'since' })
    await ann.connect()
    await ann.offer(before, since)
    expect(ann.verdict(before)).toBe('accepted')
    expect(refusalOf(ann, since)).toEqual(['revoked', PERSON + SINCE])
  })

  test('what shows by its position that it was written since is refused, whatever its time says', async () => {
    const { desk, ann, bob, before } = await opened()
    await done(desk, desk.reviewer.revoke({ authorId: ann.authorId }))
    await bob.offer(bob.create('issue', { title: 'later' }))
    const { eid, seq, chain } = heardOf(bob, 'tail').at(-1)!.position
    const seen: Seen = { eid, seq, chain: chainPrefix(chain), from: 9, except: [] }
    const values = { title: 'as of yesterday' }
    const id = ann.ids.next()
    const change = { type: 'issue', id, kind: 'create', values } as const
    const backdated = ann.message([change], { time: before.time, seen, clientSeq: 9 })
    await ann.connect()
    await ann.offer(backdated)
    expect(refusalOf(ann, backdated)).toEqual(['revoked', ID + SINCE])
  })

  test('another author id of the same person writes on', async () => {
    const { desk, ann } = await opened()
    await done(desk, desk.reviewer.revoke({ authorId: ann.authorId }))
    const phone = await desk.author('ann', 'ann')
    const message = phone.create('issue', { title: 'b' })
    await phone.offer(message)
    expect([boundOf(phone), phone.verdict(message)]).toEqual([[1, null, ALL], 'accepted'])
  })

  test('what waits for its verdict in that moment is judged by its time', async () => {
    const { desk, ann, root, before } = await opened()
    const now = ann.change([root], { title: 'now' })
    ann.offerFlush(now.session, now.flush, await ann.seal(now.flush))
    ann.offerFlush(before.session, before.flush, await ann.seal(before.flush))
    await done(desk, desk.reviewer.revoke({ authorId: ann.authorId }))
    await ann.connect()
    await ann.offer(now, before)
    expect([ann.verdict(now), ann.verdict(before)]).toEqual(['accepted', 'accepted'])
  })
})

describe('RVK3 a link of who is revoked', () => {
  test('reads nothing, whatever it asks for', async () => {
    const { desk, ann, bob, root } = await opened()
    await done(desk, desk.reviewer.revoke({ personalId: 'ann' }))
    await ann.connect()
    const from = ann.heard.length
    ann.send(authorFrame('want', { have: null, pages: null }))
    ann.send(authorFrame('history', { entityId: root.changes[0]!.entityId }))
    ann.send(authorFrame('seal', { seq: 1 }))
    await bob.offer(bob.create('issue', { title: 'secret' }))
    await desk.settle()
    const heard = ann.heard.slice(from)
    const none = { sessionIds: [], forMs: null, why: null, may: null }
    expect(heard).toMatchObject(Array.from({ length: 3 }, () => ({ kind: 'bound', ...none })))
    expect(heardOf(ann, 'me')).toHaveLength(1) // of the link before
  })

  test('ends when nothing is delivered any more, with the sentence', async () => {
    const { desk, ann, before } = await opened()
    await done(desk, desk.reviewer.revoke({ personalId: 'ann' }))
    await ann.connect()
    await passing(desk, 9_000)
    await ann.offer(before)
    await passing(desk, 9_000)
    expect(byes(ann)).toEqual([[PERSON, null]])
    await ann.follow()
    await passing(desk, 1_000)
    expect(byes(ann)).toEqual([
      [PERSON, null],
      [PERSON, 'unauthorised'],
    ])
  })

  test('reads again as soon as it speaks for somebody who is not', async () => {
    const { desk, ann, before } = await opened()
    await done(desk, desk.reviewer.revoke({ authorId: ann.authorId }))
    const phone = await desk.author('ann', 'ann')
    await ann.connect()
    const proof = await phone.proof(phone.sessionId, ann)
    await ann.bind({ ...(await phone.opening()), proof })
    expect(boundOf(ann)).toEqual([1, null, ALL])
    await ann.follow()
    ann.offerFlush(before.session, before.flush, await ann.seal(before.flush))
    await passing(desk, 20_000)
    expect(ann.batches().flatMap(({ accepted }) => accepted.map(({ id }) => id))).toContain(
      before.id,
    )
    expect(byes(ann)).toEqual([[ID, null]])
  })
})

describe('RVK4 a key in foreign hands', () => {
  test('delivers nothing either: it is not bound', async () => {
    const { desk, ann } = await opened()
    await done(desk, desk.reviewer.revoke({ authorId: ann.authorId }, { late: 'refused' }))
    await ann.connect()
    expect(byes(ann)).toEqual([
      [ID, null],
      [ID, 'unauthorised'],
    ])
    expect(boundOf(ann)).toEqual([1, null, ALL]) // before
  })

  test('is not taken either where it was bound before', async () => {
    const { desk, ann, before } = await opened()
    const first = desk.reviewer
    await desk.restart(options)
    await done(desk, desk.reviewer.revoke({ authorId: ann.authorId }, { late: 'refused' }))
    expect(first.state.connections).toBe(2)
    await ann.offer(before)
    desk.use(first)
    await ann.connect()
    expect([ann.verdict(before), byes(ann).at(-1)]).toEqual([undefined, [ID, 'unauthorised']])
  })
})

test('RVK5 who is readmitted reads and writes; what was refused stays so', async () => {
  const { desk, ann, root } = await opened()
  await done(desk, desk.reviewer.revoke({ personalId: 'ann' }))
  const since = ann.change([root], { title: 'since' })
  await ann.connect()
  await ann.offer(since)
  await done(desk, desk.reviewer.readmit({ personalId: 'ann' }))
  await ann.connect()
  expect(boundOf(ann)).toEqual([1, null, ALL])
  await ann.offer(since)
  const again = ann.change([root], { title: 'again' })
  await ann.offer(again)
  expect([ann.verdict(since), ann.verdict(again)]).toEqual(['revoked', 'accepted'])
})
