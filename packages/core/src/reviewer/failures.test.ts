/** A commit that fails, answers late, or meets another process; and what is left in the store for good. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { sealBytes } from '../message/ids.ts'
import type { Message } from '../message/message.ts'
import { bindFrame } from '../protocol/frames.ts'
import { readRun } from '../protocol/runs.ts'
import { entity } from '../schema/entity.ts'
import { DESK_SPACE, Desk, type DeskOptions, type HandAuthor } from '../testing/desk.ts'
import type { ReviewerRules } from './rules.ts'

const Issue = entity('issue', z.object({ title: z.string() }))
const entities = [Issue]

async function deskWith(
  options: DeskOptions = {},
): Promise<{ desk: Desk; ann: HandAuthor; bob: HandAuthor }> {
  const desk = await Desk.open(options)
  return { desk, ann: await desk.author('ann'), bob: await desk.author('bob') }
}

const issue = (author: HandAuthor, title: string): Message => author.create('issue', { title })

function byes(author: HandAuthor): string[] {
  return author.heard.flatMap((frame) => (frame.kind === 'bye' ? [frame.reason] : []))
}

/** Ids in the order in which somebody new is told of them. */
async function told(desk: Desk): Promise<string[]> {
  const follower = await desk.author('follower')
  await follower.follow()
  return follower.heard.flatMap((frame) => {
    if (frame.kind !== 'tail') return []
    return frame.runs.flatMap((json) => {
      const run = readRun(json, DESK_SPACE)
      if (!run.ok || run.value.body.kind !== 'messages') throw new Error('a run is malformed')
      return run.value.body.messages.map(({ id }) => id)
    })
  })
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
      { clientSeq: first.header.clientSeq },
    )
    await ann.offer(first, twice)
    expect([first, twice].map((message) => ann.verdict(message))).toEqual([
      'accepted',
      'seq_reused',
    ])
  })
})

describe('numbers of a session', () => {
  test.each(['in one offer', 'in the next', 'after a restart'])(
    '§7 seq_reused: the number of a refused message, %s',
    async (when) => {
      const { desk, ann } = await deskWith({ entities })
      const refused = ann.create('issue', { title: 4 })
      const again = ann.message(
        [{ type: 'issue', id: ann.ids.next(), kind: 'create', values: { title: 'x' } }],
        { clientSeq: refused.header.clientSeq },
      )
      const next = issue(ann, 'y')
      if (when === 'in one offer') await ann.offer(refused, again, next)
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
  test('§3 seals: what is stored beside a run is what its author sealed, refused messages too', async () => {
    const { desk, ann, bob } = await deskWith({ entities })
    const other = await ann.opening('11111111-2222-4333-8444-555555555555')
    ann.send(bindFrame([other]))
    await desk.settle()
    const id = ann.ids.next()
    const change = { type: 'issue', id, kind: 'create', values: { title: 'x' }, sid: ann.sessionId }
    const elsewhere = ann.message([{ ...change, kind: 'create' }], {
      sessionId: other.sessionId,
      clientSeq: 1,
    })
    const messages = [
      issue(ann, 'a'),
      ann.create('issue', { title: 4 }),
      elsewhere,
      issue(ann, 'b'),
    ]
    await ann.offer(...messages)
    await bob.offer(issue(bob, 'c'))
    const runs = desk.store.database.readRuns(0, 100)
    expect(runs.map(({ ids }) => ids.length)).toEqual([1, 1, 1, 1])
    for (const { text, seals } of runs) {
      const { sig, publicKey, hashes } = JSON.parse(seals) as {
        sig: string
        publicKey: string
        hashes: string[]
      }
      const run = readRun(JSON.parse(text), DESK_SPACE)
      if (!run.ok || run.value.body.kind !== 'messages') throw new Error('a run is malformed')
      const { authorId } = run.value.body.messages[0]!.header
      for (const { hash } of run.value.body.messages) expect(hashes).toContain(hash)
      expect(
        await desk.signer.verify(publicKey, sealBytes(DESK_SPACE, authorId, hashes), sig),
      ).toBe(true)
    }
    expect(JSON.parse(runs[0]!.seals)).toMatchObject({ hashes: messages.map(({ hash }) => hash) })
  })
})
