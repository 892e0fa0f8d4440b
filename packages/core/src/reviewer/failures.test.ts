/** A commit that fails, answers late, or meets another process; and what is left in the store for good. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { sealBytes } from '../facts/hashes.ts'
import { entity } from '../schema/entity.ts'
import { Desk, type DeskOptions, type HandAuthor, type HandMessage } from '../testing/desk.ts'
import { authorFrame } from '../wire/frames.ts'
import { readLayout } from '../wire/read-batch.ts'
import type { ReviewerRules } from './rules.ts'

const Issue = entity('issue', z.object({ title: z.string() }))
const entities = [Issue]

async function deskWith(
  options: DeskOptions = {},
): Promise<{ desk: Desk; ann: HandAuthor; bob: HandAuthor }> {
  const desk = await Desk.open(options)
  return { desk, ann: await desk.author('ann'), bob: await desk.author('bob') }
}

const issue = (author: HandAuthor, title: string): HandMessage => author.create('issue', { title })

function byes(author: HandAuthor): string[] {
  return author.heard.flatMap((frame) => (frame.kind === 'bye' ? [frame.reason] : []))
}

/** Ids in the order in which somebody new is told of them. */
async function told(desk: Desk): Promise<string[]> {
  const follower = await desk.author('follower')
  await follower.follow()
  return follower.batches().flatMap(({ accepted }) => accepted.map(({ id }) => id))
}

describe('a commit that fails', () => {
  test.each(['answers again', 'stays away for a while'])(
    'S16 failed commit: its rows are seen by no rule, when the store %s',
    async (store) => {
      const rules: ReviewerRules = {
        review: ({ changes }, rows) => {
          const isLast = changes.some(({ values }) => values['title'] === 'last')
          const lost = rows.query(Issue, { where: { title: 'lost' } })
          return isLast && lost.length > 0 ? 'there is a lost one' : undefined
        },
      }
      const { desk, ann } = await deskWith({ entities, rules })
      await ann.offer(issue(ann, 'first'))
      const { faults } = desk.store
      desk.store.faults = {
        ...faults,
        appendFails: () => 'before',
        readFails: () => store !== 'answers again',
      }
      const lost = issue(ann, 'lost')
      await ann.offer(lost)
      expect(ann.verdict(lost)).toBe('nack unavailable')
      desk.store.faults = faults
      const last = issue(ann, 'last')
      await ann.offer(last)
      expect(ann.verdict(last)).toBe('accepted')
      expect(desk.reviewer.state).toMatchObject({ seq: 2, healthy: true, pendingCommit: 0 })
    },
  )

  test('S16 failed commit: nothing of it counts: no row, no number, no session, no rejection', async () => {
    const { desk, ann } = await deskWith({ entities })
    const { faults } = desk.store
    desk.store.faults = { ...faults, appendFails: () => 'before' }
    const messages = [issue(ann, 'a'), ann.create('issue', { title: 4 })]
    await ann.offer(...messages)
    expect(desk.reviewer.state).toMatchObject({ seq: 0, accepted: 0, rejected: 0, rejections: 0 })
    desk.store.faults = faults
    await ann.offer(...messages)
    expect(messages.map((message) => ann.verdict(message))).toEqual(['accepted', 'invalid'])
  })

  test('S16 late commit: everybody who follows is told to come back, and has it then, once', async () => {
    const { desk, ann, bob } = await deskWith()
    await bob.follow()
    const { faults } = desk.store
    desk.store.faults = { ...faults, appendFails: () => 'after' }
    const message = issue(ann, 'a')
    await ann.offer(message)
    desk.store.faults = faults
    expect([byes(ann), byes(bob)]).toEqual(Array(2).fill(['the store answered late; resume']))
    expect(bob.heard.filter(({ kind }) => kind === 'tail')).toEqual([])
    expect(desk.reviewer.state).toMatchObject({ seq: 1, connections: 0 })
    await ann.connect()
    await ann.offer(message)
    expect(ann.verdict(message)).toBe('accepted')
    expect(await told(desk)).toEqual([message.id])
  })
})

describe('two processes on one store', () => {
  test('S16 fenced: what the other committed is read before anything else is said', async () => {
    const { desk, ann, bob } = await deskWith()
    await bob.follow()
    await desk.restart() // and the older process is still there, with both links
    const eve = await desk.author('eve')
    const first = issue(eve, 'first')
    await eve.offer(first)
    const second = issue(ann, 'second')
    await ann.offer(second)
    expect(ann.verdict(second)).toBeUndefined()
    expect([byes(ann), byes(bob)]).toEqual(Array(2).fill(['the store answered late; resume']))
    await ann.connect()
    await ann.offer(second)
    expect(ann.verdict(second)).toBe('accepted')
    expect(await told(desk)).toEqual([first.id, second.id])
  })

  test('S16 fenced: numbers and sessions that the other has stored are known', async () => {
    const { desk, ann, bob } = await deskWith()
    const before = desk.reviewer
    await desk.restart()
    await ann.connect()
    const first = issue(ann, 'first')
    await ann.offer(first)
    // Over to the older one, which knows nothing of it.
    desk.use(before)
    await bob.offer(issue(bob, 'fenced'))
    expect(before.state.seq).toBe(1)
    await ann.connect()
    const twice = ann.message(
      [{ type: 'issue', id: ann.ids.next(), kind: 'create', values: { title: 'x' } }],
      { clientSeq: first.clientSeq },
    )
    await ann.offer(first, twice)
    expect([first, twice].map((message) => ann.verdict(message))).toEqual([
      'accepted',
      'seq_reused',
    ])
  })
})

describe('numbers of a session', () => {
  test.each(['in one batch', 'in the next', 'after a restart'])(
    '§7 seq_reused: the number of a refused message, %s',
    async (when) => {
      const { desk, ann } = await deskWith({ entities })
      const refused = ann.create('issue', { title: 4 })
      const again = ann.message(
        [{ type: 'issue', id: ann.ids.next(), kind: 'create', values: { title: 'x' } }],
        { clientSeq: refused.clientSeq },
      )
      const next = issue(ann, 'y')
      if (when === 'in one batch') await ann.offer(refused, again, next)
      else {
        await ann.offer(refused)
        if (when === 'after a restart') {
          await desk.restart({ entities })
          await ann.connect()
        }
        await ann.offer(again, next)
      }
      const verdicts = [refused, again, next].map((message) => message.id)
      const found = ann.heard.flatMap((frame) =>
        frame.kind === 'rejected' ? frame.rejections : [],
      )
      expect(verdicts.map((id) => found.find(({ msgId }) => msgId === id)?.reason)).toEqual([
        'invalid',
        'seq_reused',
        undefined,
      ])
      expect(ann.verdict(next)).toBe('accepted')
      expect(desk.reviewer.state.seq).toBe(1)
    },
  )
})

describe('seals', () => {
  test('§3 seals: what is stored beside a batch is what its authors sealed, refused messages too', async () => {
    const { desk, ann, bob } = await deskWith({ entities })
    const other = await ann.opening('11111111-2222-4333-8444-555555555555')
    ann.send(authorFrame('bind', { sessions: [other] }))
    await desk.settle()
    const id = ann.ids.next()
    const change = { type: 'issue', id, kind: 'create', values: { title: 'x' }, sid: ann.sessionId }
    const elsewhere = ann.message([{ ...change, kind: 'create' }], {
      session: { sessionId: other.sessionId },
      clientSeq: 1,
    })
    const [first, ...more] = ann.together(
      issue(ann, 'a'),
      ann.create('issue', { title: 4 }),
      issue(ann, 'b'),
    )
    await ann.offer(first!, elsewhere)
    const refused = ann.create('issue', { title: 4 })
    const last = issue(bob, 'c')
    await ann.offer(refused) // stored is what has a seq, and what stands beside it
    await bob.offer(last)
    expect([first!, ...more, elsewhere].map((message) => ann.verdict(message))).toEqual([
      'accepted',
      'invalid',
      'accepted',
      'accepted',
    ])
    const stored = desk.store.database.readRuns(0, 100)
    expect(stored.map(({ ids }) => ids)).toEqual([
      [first!.id, more[1]!.id, elsewhere.id],
      [last.id],
    ])
    const sealed = [[first!.flush, elsewhere.flush], [last.flush]]
    const keys = [(await ann.opening()).publicKey, (await bob.opening()).publicKey]
    for (const [i, { text, seals }] of stored.entries()) {
      const layout = readLayout(text, [])
      if (!layout.ok) throw new Error(layout.error.message)
      const sigs = JSON.parse(seals) as string[]
      expect(sigs).toHaveLength(sealed[i]!.length)
      for (const [no, { headHash, places }] of layout.value.flushes.entries()) {
        const { hashes } = sealed[i]![no]!
        const lines = places.map(({ hash }) => hash)
        expect({ head: headHash, lines }).toEqual({ head: hashes.head, lines: hashes.lines })
        const bytes = sealBytes({ head: headHash, lines })
        expect(await desk.signer.verify(keys[i]!, bytes, sigs[no]!)).toBe(true)
      }
    }
  })
})
