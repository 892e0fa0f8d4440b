/** A commit that fails, answers late, or meets another process; and what is left in the store for good. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Json } from '../base/json.ts'
import { bytesOf } from '../base/size.ts'
import { CAPABILITIES } from '../facts/capabilities.ts'
import { sealBytes } from '../facts/hashes.ts'
import { entity } from '../schema/entity.ts'
import {
  DESK_SPACE,
  Desk,
  type DeskOptions,
  type HandAuthor,
  type HandMessage,
} from '../testing/desk.ts'
import { authorFrame } from '../wire/frames.ts'
import { readPage } from '../wire/pages.ts'
import { readLayout } from '../wire/read-batch.ts'
import { sequence } from '../review/assign.ts'
import type { ReviewRule } from '../review/rules.ts'
import { readStoredBatch } from '../review/stored.ts'

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
    'COM5, S16 failed commit: its rows are seen by no rule, when the store %s',
    async (store) => {
      const review: ReviewRule = ({ changes }, rows) => {
        const isLast = changes.some(({ values }) => values['title'] === 'last')
        const lost = rows.query(Issue, { where: { title: 'lost' } })
        return isLast && lost.length > 0 ? 'there is a lost one' : undefined
      }
      const { desk, ann } = await deskWith({ entities, review })
      await ann.offer(issue(ann, 'first'))
      const { faults } = desk.spaces
      desk.spaces.faults = {
        ...faults,
        writeFails: () => 'before',
        readFails: () => store !== 'answers again',
      }
      const lost = issue(ann, 'lost')
      await ann.offer(lost)
      expect(ann.verdict(lost)).toBe('nack unavailable')
      desk.spaces.faults = faults
      const last = issue(ann, 'last')
      await ann.offer(last)
      expect(ann.verdict(last)).toBe('accepted')
      expect(desk.reviewer.state).toMatchObject({ seq: 2, healthy: true, pendingCommit: 0 })
    },
  )

  test('COM1, COM5, S16 failed commit: nothing of it counts: no row, no number, no session, no rejection', async () => {
    const { desk, ann } = await deskWith({ entities })
    const { faults } = desk.spaces
    desk.spaces.faults = { ...faults, writeFails: () => 'before' }
    const messages = [issue(ann, 'a'), ann.create('issue', { title: 4 })]
    await ann.offer(...messages)
    expect(desk.reviewer.state).toMatchObject({ seq: 0, accepted: 0, rejected: 0 })
    const tables = desk.spaces.tables(DESK_SPACE)
    expect(tables.head()).toMatchObject({ seq: 0, commits: 0, sessions: 0 })
    expect(tables.rejection(messages[1]!.id)).toBeUndefined()
    expect(tables.ledgerRuns(ann.sessionId, 1, 9)).toEqual([])
    desk.spaces.faults = faults
    await ann.offer(...messages)
    expect(messages.map((message) => ann.verdict(message))).toEqual(['accepted', 'invalid'])
  })

  test('COM1, S16 late commit: all followers have to reconnect, and get it then, once', async () => {
    const { desk, ann, bob } = await deskWith()
    await bob.follow()
    const { faults } = desk.spaces
    desk.spaces.faults = { ...faults, writeFails: () => 'after' }
    const message = issue(ann, 'a')
    await ann.offer(message)
    desk.spaces.faults = faults
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
  test('COM6, S16 fenced: commits of the other process are read before anything else is sent', async () => {
    const { desk, ann, bob } = await deskWith()
    await bob.follow()
    const older = desk.reviewer
    await desk.restart() // and the older process is still there, with both links
    const eve = await desk.author('eve')
    const first = issue(eve, 'first')
    await eve.offer(first)
    const newer = desk.reviewer
    const second = issue(ann, 'second')
    await ann.offer(second)
    // It is decided again on what the other has committed; its links are told when they resume.
    expect(ann.verdict(second)).toBeUndefined()
    expect([byes(ann), byes(bob)]).toEqual(Array(2).fill(['the store answered late; resume']))
    expect(older.state).toMatchObject({ seq: 2, healthy: true, nacked: 0 })
    // The newer one hears of it with its own next commit.
    expect([newer.state.seq, byes(eve)]).toEqual([1, []])
    const third = issue(eve, 'third')
    await eve.offer(third)
    expect([newer.state.seq, byes(eve)]).toEqual([3, ['the store answered late; resume']])
    await ann.connect()
    await ann.offer(second)
    expect(ann.verdict(second)).toBe('accepted')
    expect(await told(desk)).toEqual([first.id, second.id, third.id])
  })

  test('S16 fenced: what the other wrote behind is in no state twice', async () => {
    // Nothing stays at hand, so what the older one looks at is read, and is ahead of what it knows.
    const options: DeskOptions = { limits: { cacheBytesMax: 1 } }
    const { desk, ann, bob } = await deskWith(options)
    const older = desk.reviewer
    const by = (n: number): Record<string, Json> => ({ n: { $op: ['counter', n] } })
    const root = ann.create('counter', by(1))
    await ann.offer(root)
    await desk.pass(2_000)
    expect(older.state.cachedBytes).toBe(0)
    await desk.restart(options)
    await bob.connect()
    const second = bob.change([root], by(10))
    await bob.offer(second, bob.change([second], by(100)))
    await desk.pass(2_000)
    const tables = desk.spaces.tables(DESK_SPACE)
    expect(tables.head()).toMatchObject({ seq: 3, through: 3 })
    desk.use(older)
    await ann.connect()
    const last = ann.change([root], by(1_000))
    await ann.offer(last)
    await desk.pass(2_000)
    expect(tables.head()).toMatchObject({ seq: 4, through: 4 })
    const { entityId } = root.changes[0]!
    const [stored] = tables.states([entityId], bytesOf(1))
    if (!stored?.text.ok) throw new Error('there is no state')
    const page = readPage(stored.text.value)
    expect(page).toMatchObject({ value: [{ totals: { n: { kind: 'counter', value: 1_111 } } }] })
    const seqs = tables.changes(entityId, 99, { count: 9, bytes: bytesOf(999) })
    expect(seqs.map(({ seq }) => seq)).toEqual([4, 3, 2, 1])
  })

  test('S16 fenced: what the other committed is read again where reading it failed halfway', async () => {
    const { desk, ann, bob } = await deskWith()
    const older = desk.reviewer
    const by = (n: number): Record<string, Json> => ({ n: { $op: ['counter', n] } })
    const root = ann.create('counter', by(1))
    await ann.offer(root)
    await desk.restart()
    await bob.connect()
    let last = root
    for (const n of [10, 100]) {
      last = bob.change([last], by(n))
      await bob.offer(last)
    }
    desk.use(older)
    await ann.connect()
    const { entityId } = root.changes[0]!
    const tables = desk.spaces.tables(DESK_SPACE)
    const batches = tables.batches.bind(tables)
    // Batch by batch, and none from seq 3 on.
    tables.batches = (after) => {
      if (after >= 2) throw new Error('gone')
      return batches(after, bytesOf(1))
    }
    const next = ann.change([root], by(1_000))
    await ann.offer(next)
    expect([ann.verdict(next), older.state.seq]).toEqual(['nack unavailable', 1])
    tables.batches = (after) => batches(after, bytesOf(1))
    await ann.offer(next)
    expect([older.state.seq, older.state.healthy]).toEqual([4, true])
    expect(byes(ann).at(-1)).toBe('the store answered late; resume')
    await desk.pass(5_000)
    const [stored] = tables.states([entityId], bytesOf(1))
    const page = readPage((stored!.text as { value: string }).value)
    expect(page).toMatchObject({ value: [{ totals: { n: { kind: 'counter', value: 1_111 } } }] })
    expect(tables.head()).toMatchObject({ seq: 4, through: 4 })
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
    expect(before.state.seq).toBe(2)
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
    ann.send(authorFrame('bind', { sessions: [other], auth: null, keeps: false }))
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
    const tables = desk.spaces.tables(DESK_SPACE)
    const stored = tables.batches(0, bytesOf(1_000_000)).map((batch) => {
      const { text, position } = readStoredBatch(batch)
      return { text, position, beside: tables.seals(batch.toSeq)!.text }
    })
    expect(stored.map(({ position }) => position.seq)).toEqual([3, 4])
    expect(await told(desk)).toEqual([first!.id, more[1]!.id, elsewhere.id, last.id])
    const sealed = [[first!.flush, elsewhere.flush], [last.flush]]
    const keys = [(await ann.opening()).publicKey, (await bob.opening()).publicKey]
    for (const [i, { text, beside }] of stored.entries()) {
      const layout = readLayout(text, [])
      if (!layout.ok) throw new Error(layout.error.message)
      if (!beside.ok) throw new Error(beside.error.message)
      const { seals: sigs } = JSON.parse(beside.value) as { seals: string[] }
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

test('ERA1 the next assigned value follows an erased one, where states were not written since', async () => {
  const Bill = entity('bill', z.object({ title: z.string(), number: z.number().optional() }))
  const options: DeskOptions = {
    ...{ entities: [Bill.assigned('number')], assign: { bill: { number: sequence() } } },
    capabilities: () => CAPABILITIES,
  }
  const { desk, ann } = await deskWith(options)
  desk.spaces.faults = { ...desk.spaces.faults, behindFails: () => true }
  const first = ann.create('bill', { title: 'one' })
  await ann.offer(first, ann.create('bill', { title: 'two' }))
  const last = ann.create('bill', { title: 'three' })
  await ann.offer(last)
  const erasing = desk.reviewer.eraseValues(last.changes[0]!.entityId) // a creation has one change
  await Promise.all([expect(erasing).rejects.toThrow(/are not written/), desk.settle()])
  await desk.restart(options)
  await ann.connect()
  await ann.offer(ann.create('bill', { title: 'four' }))
  const stored = desk.spaces.tables(DESK_SPACE).batches(0, bytesOf(1_000_000)).at(-1)!
  const layout = readLayout(readStoredBatch(stored).text, [])
  if (!layout.ok) throw new Error(layout.error.message)
  const [review] = layout.value.reviews
  expect(review?.review?.assigned).toEqual([{ change: 0, values: { number: 4 } }])
  await desk.close()
})
