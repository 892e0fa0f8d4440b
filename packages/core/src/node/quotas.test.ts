/** What one person may use: over it things wait, for that person alone, on however many links. */
import { describe, expect, test } from 'vitest'
import { LIMITS } from '../facts/limits.ts'
import { bytesOf } from '../base/size.ts'
import { Desk, type DeskOptions, type HandAuthor, type HandMessage } from '../testing/desk.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { authorFrame } from '../wire/frames.ts'
import { type OverQuota, Quotas } from './quotas.ts'

const open = (limits: NonNullable<DeskOptions['limits']>): Promise<Desk> =>
  Desk.open({
    limits,
    authenticate: (token) => (token === undefined ? null : { personalId: token }),
  })

const issues = (author: HandAuthor, count: number): readonly HandMessage[] =>
  author.together(
    ...Array.from({ length: count }, (_, i) => author.create('issue', { title: `${i}` })),
  )

const verdicts = (author: HandAuthor, messages: readonly HandMessage[]): readonly unknown[] => [
  ...new Set(messages.map((message) => author.verdict(message))),
]

const overOf = (desk: Desk): readonly unknown[] =>
  desk.events.flatMap((event) => (event.type === 'over_quota' ? [event.what] : []))

/** Time passes, also while nothing is due. */
async function passing(desk: Desk, ms: number): Promise<void> {
  desk.clock.after(ms, () => {})
  await desk.pass(ms)
}

describe('QUO1 messages and bytes of a person', () => {
  const few = { personMessagesPerSecond: 10, personMessagesBurst: 20 }

  test('beyond the burst they are nacked, and taken as time passes', async () => {
    const desk = await open(few)
    const ann = await desk.author('ann', 'ann')
    const [first, second] = [issues(ann, 21), issues(ann, 1)]
    await ann.offer(...first)
    await ann.offer(...second)
    expect([verdicts(ann, first), verdicts(ann, second)]).toEqual([
      ['accepted'],
      ['nack rate_limited'],
    ])
    expect(ann.heard.at(-1)).toMatchObject({
      alone: false,
      sig: null,
      detail: 'this person offers too many messages',
    })
    expect(desk.events.find(({ type }) => type === 'over_quota')).toMatchObject({
      authorId: ann.authorId,
    })
    await passing(desk, 1_000)
    await ann.offer(...second)
    expect(verdicts(ann, second)).toEqual(['accepted'])
  })

  test('are counted over all sessions and links of the person, and of no other person', async () => {
    const desk = await open(few)
    const laptop = await desk.author('ann', 'ann')
    const [phone, bob] = [await desk.author('ann', 'ann'), await desk.author('bob', 'bob')]
    await laptop.offer(...issues(laptop, 21))
    const [hers, his] = [issues(phone, 1), issues(bob, 1)]
    await phone.offer(...hers)
    await bob.offer(...his)
    expect([verdicts(phone, hers), verdicts(bob, his)]).toEqual([
      ['nack rate_limited'],
      ['accepted'],
    ])
    expect(overOf(desk)).toEqual(['messages'])
  })

  test('a claimed person uses up no quota of the proved one', async () => {
    const desk = await open(few)
    const eve = await desk.author('ann')
    await eve.offer(...issues(eve, 21))
    const [ann, again] = [await desk.author('ann', 'ann'), await desk.author('ann')]
    const [hers, claimed] = [issues(ann, 1), issues(again, 1)]
    await ann.offer(...hers)
    await again.offer(...claimed)
    expect([verdicts(ann, hers), verdicts(again, claimed)]).toEqual([
      ['accepted'],
      ['nack rate_limited'],
    ])
  })

  test('a seal that does not verify is counted, too', async () => {
    const desk = await open({ personMessagesPerSecond: 1, personMessagesBurst: 1 })
    const ann = await desk.author('ann', 'ann')
    const [forged] = issues(ann, 1)
    ann.offerFlush(forged!.session, forged!.flush, 'A'.repeat(86))
    await desk.settle()
    const next = issues(ann, 1)
    await ann.offer(...next)
    expect(verdicts(ann, next)).toEqual(['nack rate_limited'])
  })

  test('bytes are counted in the same way', async () => {
    const desk = await open({ personBytesPerSecond: 100, personBytesBurst: 1_000 })
    const ann = await desk.author('ann', 'ann')
    const [large, next] = [ann.create('issue', { title: 'x'.repeat(2_000) }), issues(ann, 1)]
    await ann.offer(large)
    await ann.offer(...next)
    expect([ann.verdict(large), verdicts(ann, next)]).toEqual(['accepted', ['nack rate_limited']])
    expect(overOf(desk)).toEqual(['bytes'])
    await passing(desk, 20_000)
    await ann.offer(...next)
    expect(verdicts(ann, next)).toEqual(['accepted'])
  })
})

describe('QUO2 sessions of a person', () => {
  test('a surplus one is not bound, with a reason; it is bound when another one has ended', async () => {
    const desk = await open({ sessionsPerPersonMax: 2 })
    const tabs = [await desk.author('ann', 'ann'), await desk.author('ann', 'ann')]
    const bob = await desk.author('bob', 'bob')
    const third = await desk.author('ann', 'ann')
    expect(third.heard.at(-1)).toMatchObject({
      kind: 'bye',
      code: 'unauthorised',
      reason: 'this person has too many sessions here',
    })
    expect(bob.heard.map(({ kind }) => kind)).toContain('bound')
    expect(overOf(desk)).toEqual(['sessions'])
    tabs[0]!.leave()
    await third.connect()
    expect(third.heard.map(({ kind }) => kind)).toContain('bound')
  })

  test('a session that is bound again over its link counts once', async () => {
    const desk = await open({ sessionsPerPersonMax: 1 })
    const ann = await desk.author('ann', 'ann')
    for (let times = 0; times < 3; times++) await ann.bind(await ann.opening())
    expect(ann.heard.filter(({ kind }) => kind === 'bound')).toHaveLength(4)
    ann.leave()
    await ann.connect()
    expect(ann.heard.at(-1)).toMatchObject({ kind: 'me' })
  })
})

describe('QUO3 what is read for a person', () => {
  test('answers at a time: a want beyond them is dropped, and answered when it is asked again', async () => {
    const desk = await open({ wantsPerPersonMax: 1 })
    const [slow, other] = [await desk.author('ann', 'ann'), await desk.author('ann', 'ann')]
    await slow.offer(...issues(slow, 3))
    slow.waitingBytes = 10_000_000
    await slow.follow()
    await other.follow()
    expect(other.heard.map(({ kind }) => kind)).not.toContain('through')
    expect(overOf(desk)).toEqual(['answers'])
    slow.waitingBytes = 0
    await passing(desk, 1_000)
    await other.follow()
    expect(other.heard.map(({ kind }) => kind)).toContain('through')
  })

  test('bytes of answers: the next part waits, for this person alone', async () => {
    const desk = await open({
      ...{ personReadBytesPerSecond: 1_000, personReadBytesBurst: 10_000 },
      ...{ tailChangesMax: 10_000, batchMessagesMax: 8 },
    })
    const ann = await desk.author('ann', 'ann')
    for (let times = 0; times < 40; times++)
      await ann.offer(ann.create('issue', { title: 'x'.repeat(40_000) }))
    const [eve, bob] = [await desk.author('eve', 'eve'), await desk.author('bob', 'bob')]
    await eve.follow()
    const parts = (author: HandAuthor): number =>
      author.heard.filter(({ kind }) => kind === 'tail').length
    expect([parts(eve), eve.heard.at(-1)?.kind]).toEqual([1, 'tail'])
    await bob.follow()
    expect(parts(bob)).toBe(1)
    expect(overOf(desk)).toEqual(['reading', 'reading'])
    await passing(desk, 10_000_000)
    expect([eve.heard.at(-1)?.kind, bob.heard.at(-1)?.kind]).toEqual(['through', 'through'])
  })

  test('a history costs what is parsed for it, and waits for what was read before', async () => {
    const desk = await open({ personReadBytesPerSecond: 4_096, personReadBytesBurst: 8_192 })
    const ann = await desk.author('ann', 'ann')
    const root = ann.create('issue', { title: 'a' })
    await ann.offer(root)
    let last = root
    for (let times = 0; times < 4; times++) {
      last = ann.change([last], { title: `${times}` })
      await ann.offer(last)
    }
    const ask = async (): Promise<number> => {
      ann.send(authorFrame('history', { entityId: root.changes[0]!.entityId }))
      await desk.settle()
      return ann.heard.filter(({ kind }) => kind === 'history').length
    }
    expect([await ask(), await ask()]).toEqual([1, 1])
    await passing(desk, 20_000)
    expect(ann.heard.filter(({ kind }) => kind === 'history')).toHaveLength(2)
  })
})

describe('OFR3 §20 what waits for a commit', () => {
  test.each([
    ['of all links', { waitingMessagesMax: 3 }],
    ['of one link, beyond twice its credits', { inFlightMessagesMax: 1 }],
  ])('%s: what is beyond it is nacked, and is taken later', async (_, limits) => {
    const desk = await open(limits)
    const ann = await desk.author('ann', 'ann')
    const [first, second] = [issues(ann, 2), issues(ann, 2)]
    await ann.offer(...first, ...second)
    expect([verdicts(ann, first), verdicts(ann, second)]).toEqual([['accepted'], ['nack busy']])
    await ann.offer(...second)
    expect(verdicts(ann, second)).toEqual(['accepted'])
  })
})

test('QUO1 a usage is forgotten when nothing would be gained by that', () => {
  const clock = new VirtualClock()
  const over: OverQuota[] = []
  const limits = { ...LIMITS, personMessagesPerSecond: 1, personMessagesBurst: 1 }
  const quotas = new Quotas(limits, clock, (one) => over.push(one))
  const offer = (key: string): string | undefined =>
    quotas.offered(key, { messages: 2, bytes: bytesOf(1) }, 'an author')
  expect([offer('ann'), offer('ann')]).toEqual([undefined, 'this person offers too many messages'])
  for (let no = 0; no < 10_000; no++) offer(`other ${no}`)
  expect(offer('ann')).toBe('this person offers too many messages')
  expect(over).toMatchObject([{ what: 'messages' }])
})
