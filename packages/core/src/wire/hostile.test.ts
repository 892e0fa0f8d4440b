/**
 * Every reader of texts with valid ones of which one part was replaced by an odd value: it returns
 * an outcome and never throws.
 */
import { describe, expect, test, vi } from 'vitest'
import { readFlush, textOfFlush } from '../facts/flush.ts'
import { readSession } from '../facts/session-line.ts'
import { type Rejection, WIRE_VERSION } from '../facts/message.ts'
import { epochOf } from './records.ts'
import { DESK_SPACE, Desk, type HandMessage, flushByHand } from '../testing/desk.ts'
import { SeededRandom } from '../testing/seeded-random.ts'
import { BATCH_BOUNDS } from './bounds.ts'
import { composeBatch, textOfBatch } from './compose-batch.ts'
import { authorFrame, parseAuthorFrame, parseReviewerFrame, reviewerFrame } from './frames.ts'
import type { Scope } from './scopes.ts'
import { damaged, some } from './odd-texts.ts'
import { pageText, readPage } from './pages.ts'
import { RandomBatches, someChain } from './random-batch.ts'
import { chainOfBatch, readBatch, readLayout, spanOfBatch } from './read-batch.ts'
import { composeRecord, readRecord } from './records.ts'
import { readTold, tellMessage } from './told.ts'

vi.setConfig({ testTimeout: 60_000 })

const REVIEWER = '7f1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a11'
const HASH = 'A'.repeat(43)

/** `read` accepts the valid text, rejects most of the others, and never throws. */
function neverThrows(
  good: string,
  read: (text: string) => boolean,
  broken: Iterable<string> = damaged(good),
): void {
  expect(read(good)).toBe(true)
  let refused = 0
  let all = 0
  for (const text of broken) {
    all++
    if (!read(text)) refused++
  }
  expect(refused).toBeGreaterThan(all / 3)
}

const isOk = ({ ok }: { readonly ok: boolean }): boolean => ok

async function samples(): Promise<readonly HandMessage[]> {
  const desk = await Desk.open()
  const ann = await desk.author('ann')
  const root = ann.create('issue', { title: 'a', tags: ['x'] })
  const next = ann.change([root], { title: 'b' })
  const two = ann.message(
    [1, 2].map((n) => ({
      type: 'issue',
      id: ann.ids.next(),
      kind: 'create' as const,
      values: { title: `t${n}`, more: { deep: [n] } },
    })),
    { expect: [{ entityId: root.changes[0]!.entityId }] },
  )
  const seen = { eid: REVIEWER, seq: 9, chain: 'A'.repeat(22), from: 1, except: [] }
  const { entityId: id, shape } = root.changes[0]!
  const late = ann.message(
    [{ type: shape.type, id, kind: 'update', values: { title: 'c' }, parents: [root] }],
    { seen },
  )
  return [root, next, two, late]
}

/** The session line, and one flush of such messages. */
async function flushText(): Promise<{ readonly line: string; readonly text: string }> {
  const all = await samples()
  const { session, seen } = all[0]!
  const messages = all.map(({ clientSeq, time, changes, salts, expect: expected }) => ({
    ...{ clientSeq, time, changes, salts },
    ...(expected && { expect: expected }),
  }))
  const { text } = flushByHand(session, { seen, messages })
  return { line: session.line, text: textOfFlush(text) }
}

describe('T11 a reader returns an outcome for every replaced part', () => {
  test('flushes and session lines', async () => {
    const { line, text } = await flushText()
    const session = readSession(line)
    if (!session.ok) throw new Error(session.error.message)
    neverThrows(line, (broken) => isOk(readSession(broken)))
    neverThrows(text, (broken) => isOk(readFlush(session.value, broken)))
  })

  test.each([1, 2, 5, 8])('batches: %d', (seed) => {
    const random = new RandomBatches(new SeededRandom(seed))
    const draft = random.draft(7)
    const before = { seq: 6, chain: someChain(1) }
    const batch = composeBatch(draft, before.chain)
    if (!batch.ok) throw new Error(batch.error.message)
    const context = {
      ...{ space: random.space, before, sessions: [] },
      own: () => undefined,
    }
    const text = textOfBatch(batch.value.layout, { sessionNo: () => undefined })
    if (!text.ok) throw new Error(text.error.message)
    const read = (broken: string): boolean => {
      for (const outcome of [
        spanOfBatch(broken),
        chainOfBatch(broken, context),
        readLayout(broken, []),
      ])
        expect(outcome).toHaveProperty('ok')
      return isOk(readBatch(broken, context))
    }
    neverThrows(text.value, read, some(damaged(text.value), 9, seed))
    // A reader that takes every hash for an own message, and one of a log of which values are erased.
    const own = { changes: [{ entityId: REVIEWER }, { entityId: DESK_SPACE }] }
    const form = { sessionNo: () => undefined, hides: () => true }
    const hidden = textOfBatch(batch.value.layout, form)
    if (!hidden.ok) throw new Error(hidden.error.message)
    for (const broken of some(damaged(hidden.value), 9, seed)) {
      expect(readBatch(broken, { ...context, own: () => own })).toHaveProperty('ok')
      expect(readBatch(broken, { ...context, mayBeErased: true })).toHaveProperty('ok')
    }
  })

  test('messages of any parsed layout are extracted without a throw', () => {
    const random = new RandomBatches(new SeededRandom(3))
    const draft = random.draft(7)
    const batch = composeBatch(draft, someChain(1))
    if (!batch.ok) throw new Error(batch.error.message)
    const text = textOfBatch(batch.value.layout, { sessionNo: () => undefined })
    if (!text.ok) throw new Error(text.error.message)
    const entities = draft.judged.flatMap(({ flush }) =>
      flush.messages.flatMap(({ changes }) => changes.map(({ entityId }) => entityId)),
    )
    let laidOut = 0
    for (const broken of some(damaged(text.value), 3)) {
      const layout = readLayout(broken, [])
      if (!layout.ok) continue
      laidOut++
      for (const entityId of new Set(entities))
        for (let seq = 6; seq <= batch.value.throughSeq + 1; seq++)
          expect(tellMessage(layout.value, seq, entityId)).toHaveProperty('ok')
    }
    expect(laidOut).toBeGreaterThan(100)
  })

  test('histories', async () => {
    const all = await samples()
    const verdicts = [{ accepted: true }]
    const judged = all.map(({ session, flush }) => ({ session, flush, first: 0, end: 1, verdicts }))
    const batch = composeBatch({ fromSeq: 1, at: 5, judged }, someChain(1))
    if (!batch.ok) throw new Error(batch.error.message)
    for (const [i, { changes }] of all.entries()) {
      const { entityId } = changes.at(-1)!
      const told = tellMessage(batch.value.layout, i + 1, entityId)
      if (!told.ok) throw new Error(told.error.message)
      neverThrows(told.value, (broken) =>
        isOk(readTold(broken, { space: DESK_SPACE, entityId, bounds: BATCH_BOUNDS })),
      )
    }
  })

  test('pages', async () => {
    const review = { reviewerId: REVIEWER, eid: REVIEWER, epoch: 1, seq: 3, forked: false, at: 9 }
    const [root, next, , late] = await samples()
    const all = [root!, next!, late!]
    const writes = all.map(({ id, session, seen, clientSeq, changes }, i) => ({
      message: {
        ...{ id, authorId: session.facts.authorId, sessionId: session.facts.sessionId, clientSeq },
        ...{ seen, timestamp: 5, review: { ...review, seq: i + 1 } },
      },
      index: 0,
      version: 1,
      regs: changes[0]!.shape.regs,
      values: changes[0]!.values,
      isCreation: i === 0,
      ...(i > 0 && {
        cut: i,
        own: [{ sessionId: REVIEWER, clientSeq: 5, from: 2, except: [3] }],
      }),
    }))
    const { entityId: id, shape } = all[0]!.changes[0]!
    const bases = { title: { version: 1, value: 'a' } }
    const totals = {
      n: { kind: 'counter', value: 3 },
      tags: { kind: 'set', value: ['x', 'y'] },
      log: { kind: 'ops', waiting: [{ any: 1 }] },
    } as const
    const entity = { type: shape.type, id, writes, heads: [1, 2], linear: false, bases, totals }
    neverThrows(pageText([entity]), (broken) => isOk(readPage(broken)))
  })

  test('records', () => {
    const facts = { space: DESK_SPACE, reviewerId: REVIEWER, reviewerKey: 'abc' }
    const epoch = { kind: 'epoch', seq: 8, at: 5, ...facts, epoch: 2, why: 'restore' } as const
    const prev = { eid: REVIEWER, epoch: 1, seq: 7, chain: HASH }
    const redact = { kind: 'redact', seq: 8, at: 5, entityId: REVIEWER, regs: ['a', 'b'] } as const
    for (const record of [{ ...epoch, prev }, redact])
      neverThrows(composeRecord(record, HASH).line, (broken) => isOk(readRecord(broken, HASH)))
  })
})

describe('T11 every frame is parsed or rejected', () => {
  const position = { eid: REVIEWER, epoch: 1, seq: 4, chain: HASH, sig: 'sig' }
  const reviews = [{ clientSeq: 1, seq: 2, at: 3, forked: false }]
  const runs = [{ clientSeq: 1, count: 2, seq: 2 }]
  const sessionId = REVIEWER
  const opening = {
    ...{ authorId: REVIEWER, publicKey: 'key', sessionId, personalId: 'ann', salt: 's', sig: 's' },
    proof: 'p',
  }
  const bound = { value: 'a', isIn: true }
  const scopes: readonly Scope[] = [
    { type: 'issue', equal: [['board', 1]], range: { reg: 'n', from: bound, to: undefined } },
    { type: 'issue', equal: [], ids: [REVIEWER] },
  ]
  const authors = [
    authorFrame('hello', { v: 2, space: DESK_SPACE, nonce: 'n', position }),
    authorFrame('bind', { sessions: [opening], auth: null, keeps: false }),
    authorFrame('offer', { sig: 'seal', rejections: null }),
    authorFrame('want', { have: position, pages: null }),
    authorFrame('history', { entityId: REVIEWER }),
    authorFrame('follow', { no: 1, anew: true, scopes, whole: 1, have: position }),
    authorFrame('reach', { no: 1, scopes, reg: 'n', isDown: true, rows: 50 }),
    authorFrame('bye', { reason: 'closed' }),
    authorFrame(
      'held',
      { epochs: [], from: { seq: 4, chain: HASH }, position, batches: [1], seals: null },
      '[]',
    ),
    authorFrame(
      'held',
      {
        ...{ epochs: [], from: { seq: 4, chain: HASH }, position, batches: [1] },
        seals: [{ publicKey: 'key', seal: 'seal' }],
      },
      '[]',
    ),
  ]
  const rejection: Rejection = {
    v: WIRE_VERSION,
    ...{ space: DESK_SPACE, eid: REVIEWER, epoch: 1, reviewerId: REVIEWER, msgId: REVIEWER },
    ...{ hash: HASH, at: 5, sig: 'sig' },
    reason: 'stale',
    standing: [
      {
        ...{ entityId: REVIEWER, type: 'issue', reg: 'title', msgId: REVIEWER, authorId: REVIEWER },
        ...{ value: { deep: ['x'] }, schemaVersion: 1 },
      },
    ],
  }
  const who = { space: DESK_SPACE, reviewerId: REVIEWER, reviewerKey: 'key' }
  const epoch = epochOf({
    ...who,
    kind: 'epoch',
    epoch: 9,
    seq: 0,
    at: 5,
    prev: null,
    why: 'genesis',
  })
  const told = { entityId: REVIEWER, asOfSeq: 9, part: 0, end: 'whole' } as const
  const term = { reviewerId: REVIEWER, eid: REVIEWER, epoch: 1 }
  const reviewers = [
    reviewerFrame('welcome', {
      ...{ v: 2, lineage: [epoch], position, credits: { messages: 1, bytes: 2 } },
      ...{ nonce: 'n', at: 5, sig: 'sig' },
    }),
    reviewerFrame('bound', { sessionIds: [sessionId], forMs: 5, why: null, may: null }),
    reviewerFrame('back', { seq: 4, why: null }),
    reviewerFrame('reach', { no: 1, to: 'a' }),
    reviewerFrame('tail', { batches: [4, 3], position }),
    reviewerFrame('accepted', { sessionId, reviews, sig: 'sig' }),
    reviewerFrame('rejected', { rejections: [rejection] }),
    reviewerFrame('nack', {
      ...{ reason: 'busy', sessionId, clientSeqs: [1, 2], detail: 'later', alone: true, sig: 's' },
    }),
    reviewerFrame('page', { snapshot: 4 }),
    reviewerFrame('kept', { snapshot: 4, pages: ['name of a page'] }),
    reviewerFrame('settled', { sessionId, runs, at: 5, snapshot: 4 }),
    reviewerFrame('through', {
      ...{ position, pages: 2, snapshot: 4, sig: 'sig', at: 5, settled: { lists: 1, sig: 's' } },
    }),
    reviewerFrame('history', {
      ...{ ...told, terms: [term], messages: [{ term: 0, lines: 4 }], sig: 'sig' },
    }),
    reviewerFrame('bye', { reason: 'x', code: 'wrong_space' }),
  ]

  test.each(authors.map((frame) => [frame.slice(2, frame.indexOf('"', 2)), frame]))(
    'an author’s %s',
    (_, frame) => {
      neverThrows(frame, (broken) => isOk(parseAuthorFrame(broken)))
      for (const broken of damaged(frame)) expect(parseReviewerFrame(broken)).toHaveProperty('ok')
    },
  )

  test.each(reviewers.map((frame) => [frame.slice(2, frame.indexOf('"', 2)), frame]))(
    'a reviewer’s %s',
    (_, frame) => {
      neverThrows(frame, (broken) => isOk(parseReviewerFrame(broken)))
      for (const broken of damaged(frame)) expect(parseAuthorFrame(broken)).toHaveProperty('ok')
    },
  )
})
