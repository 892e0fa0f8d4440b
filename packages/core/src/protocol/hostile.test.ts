/** Every reader of the wire against good texts of which one part was replaced by an odd one. */
import { describe, expect, test } from 'vitest'
import type { Message } from '../message/message.ts'
import { DESK_SPACE, Desk } from '../testing/desk.ts'
import { parseAuthorFrame, parseReviewerFrame } from './frames.ts'
import { readHistory } from './history.ts'
import { packMessages, unpackMessages } from './pack.ts'
import { pageText, readPage } from './pages.ts'
import { ownRunText, readRun, runText } from './runs.ts'

const REVIEWER = '7f1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a11'

/** What a hostile peer may put anywhere: shapes, and names that every object and list has. */
const ODD: readonly unknown[] = [
  null,
  true,
  -1,
  0.5,
  1e308,
  '',
  'toString',
  'length',
  '\ud83d',
  [],
  [[]],
  {},
  { toString: null, valueOf: null },
  { length: 3 },
  JSON.parse('{"__proto__":null}'),
]

async function samples(): Promise<Message[]> {
  const desk = await Desk.open()
  const ann = await desk.author('ann')
  const root = ann.create('issue', { title: 'a', tags: ['x'] })
  const two = ann.message(
    [1, 2].map((n) => ({
      type: 'issue',
      id: ann.ids.next(),
      kind: 'create' as const,
      values: { title: `t${n}`, more: { deep: [n] } },
    })),
  )
  const seen = { eid: REVIEWER, seq: 9, chain: 'A'.repeat(22), from: 1, except: [2] }
  const { entityId: id, type } = root.changes[0]!.meta
  const late = ann.message(
    [{ type, id, kind: 'update', values: { title: 'c' }, parents: [root] }],
    { seen },
  )
  return [root, ann.change([root], { title: 'b' }), late, two]
}

/** The value with one node after another replaced. */
function* replaced(value: unknown): IterableIterator<unknown> {
  for (const odd of ODD) yield odd
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    for (const other of replaced(inner)) {
      yield Array.isArray(value)
        ? value.map((each: unknown, i) => (String(i) === key ? other : each))
        : { ...value, [key]: other }
    }
  }
}

function neverThrows(good: unknown, read: (odd: unknown) => { readonly ok: boolean }): void {
  expect(read(good)).toMatchObject({ ok: true })
  let refused = 0
  for (const odd of replaced(good)) if (!read(odd).ok) refused++
  expect(refused).toBeGreaterThan(ODD.length)
}

describe('T11 whatever stands in the place of a part, a reader answers', () => {
  const head = { fromSeq: 5, at: 9, forked: [1], chain: 'A'.repeat(43) }

  test('messages', async () => {
    neverThrows(JSON.parse(packMessages(await samples())), (odd) => unpackMessages(odd, DESK_SPACE))
  })

  test('runs', async () => {
    const all = await samples()
    const assigned = new Map([[0, [{ number: 1 }]]])
    const bases = new Map([[2, [{ title: { version: 1, value: 'a' } }]]])
    const texts = [
      runText({ ...head, assigned, bases }, packMessages(all)),
      ownRunText(head, all[0]!.header.sessionId, [1, 2, 3]),
    ]
    for (const text of texts) neverThrows(JSON.parse(text), (odd) => readRun(odd, DESK_SPACE))
  })

  test('pages', async () => {
    const review = { reviewerId: REVIEWER, eid: REVIEWER, epoch: 1, seq: 3, forked: false, at: 9 }
    const [root, left, right] = await samples()
    const writes = [root!, left!, right!].map(({ id, header, changes }, i) => ({
      message: { ...header, id, timestamp: 5, review: { ...review, seq: i + 1 } },
      index: 0,
      version: 1,
      regs: changes[0]!.meta.regs,
      values: changes[0]!.values!,
      isCreation: i === 0,
      ...(i > 0 && { cut: i, own: changes[0]!.meta.own! }),
    }))
    const { entityId: id, type } = root!.changes[0]!.meta
    const bases = { title: { version: 1, value: 'a' } }
    const text = pageText([{ type, id, writes, heads: [1, 2], linear: false, bases }])
    neverThrows(JSON.parse(text), readPage)
  })

  test('histories', async () => {
    const [root, left] = await samples()
    const { entityId } = root!.changes[0]!.meta
    const part = {
      packed: JSON.parse(packMessages([root!, left!])) as unknown,
      epochs: [[REVIEWER, REVIEWER, 1]],
      reviews: [
        [0, 1, 9, 0],
        [0, 2, 9, 1],
      ],
    }
    neverThrows(part, (odd) => {
      const { packed, epochs, reviews } = { ...(odd as Partial<typeof part> | null) }
      const end = 'more'
      return readHistory(
        { entityId, asOfSeq: 2, part: 0, end: end as never, packed, epochs, reviews },
        DESK_SPACE,
      )
    })
  })

  test.each(['hello', 'bind', 'offer', 'want', 'history', 'bye'])('an author’s %s', (kind) => {
    for (const odd of replaced([kind, [[ODD]], [[{}]], ODD, 1, {}])) {
      expect(parseAuthorFrame(JSON.stringify(odd))).toHaveProperty('ok')
    }
  })

  test.each([
    'welcome',
    'bound',
    'tail',
    'accepted',
    'rejected',
    'nack',
    'page',
    'settled',
    'through',
    'history',
    'bye',
  ])('a reviewer’s %s', (kind) => {
    for (const good of [
      [kind, 1, [1], 'x', [], 1, {}, []],
      [kind, REVIEWER, [[1, 2]], 3, 0, []],
    ]) {
      for (const odd of replaced(good))
        expect(parseReviewerFrame(JSON.stringify(odd))).toHaveProperty('ok')
    }
  })
})
