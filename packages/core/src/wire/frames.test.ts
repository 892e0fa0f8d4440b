/**
 * Tests the table of frames: each is encoded and parsed to the same values, a malformed one is
 * rejected with a sentence, and a peer of another version can be detected.
 */
import { describe, expect, test } from 'vitest'
import { LIMITS } from '../facts/limits.ts'
import { type Rejection, WIRE_VERSION } from '../facts/message.ts'
import { epochOf } from './records.ts'
import { shortId } from '../facts/ids.ts'
import {
  type AuthorFrames,
  type ReviewerFrames,
  authorFrame,
  linesInParts,
  parseAuthorFrame,
  parseReviewerFrame,
  positionJson,
  readPosition,
  reviewerFrame,
} from './frames.ts'
import type { Scope } from './scopes.ts'

const [A, B] = [1, 2].map((n) => `0190a6b2-3c4d-8e5f-8a7b-00000000000${n}`) as [string, string]
const [SHORT_A, SHORT_B] = [shortId(A), shortId(B)]
const HASH = `${'A'.repeat(42)}A`
const SENTENCE = /.{10,}/

const position = { eid: A, epoch: 3, seq: 41, chain: HASH, sig: 'sig' }
const unsigned = { eid: A, epoch: 3, seq: 41, chain: HASH }
const opening = {
  ...{ authorId: A, publicKey: 'key', sessionId: B },
  ...{ personalId: 'ann@example', salt: 'salt', sig: 'sig', proof: 'proof' },
}
const who = { kind: 'epoch', space: A, reviewerId: B, reviewerKey: 'key', at: 5 } as const
const epoch = epochOf({ ...who, epoch: 1, seq: 0, prev: null, why: 'genesis' })
const next = epochOf({ ...who, epoch: 4, seq: 42, prev: unsigned, why: 'restore' })
const rejection: Rejection = {
  ...{ v: WIRE_VERSION, space: A, eid: A, epoch: 1, reviewerId: B, msgId: A, hash: HASH },
  ...{ reason: 'stale', detail: 'too late', at: 5, sig: 'sig' },
}
const again = { clientSeq: 4, seq: 9, at: 1_700_000_000_000, forked: true }
/** A position, and the fields of a greeting, in the form of a frame. */
const list = [SHORT_A, 3, 41, HASH, 'sig']
const greeting: readonly unknown[] = [2, [epoch.line], list, [1, 1], 'n', 5, 'sig']
const run = { clientSeq: 4, count: 3, seq: 9 }
const reviews = [again, { ...again, clientSeq: 5, forked: false }]
const scopes: readonly Scope[] = [
  { type: 'issue', equal: [] },
  { type: '$schema', equal: [] },
  {
    type: 'issue',
    equal: [
      ['a', 'é'],
      ['b', -0.5],
      ['c', true],
      ['d', null],
    ],
    range: { reg: 'e', from: { value: -0.5, isIn: true }, to: { value: 9, isIn: false } },
  },
  { type: 'issue', equal: [], ids: [A] },
  { type: 'issue', equal: [], ids: [A, B] },
  {
    type: 'issue',
    equal: [],
    range: { reg: 'a', from: undefined, to: { value: 'é', isIn: true } },
  },
]
/** Texts have the form of their authors. */
const TEXTS = ['a', '["a"]\n\u2028\n"é😀"', '\n\n', '']

const authors: { readonly [K in keyof AuthorFrames]: readonly AuthorFrames[K][] } = {
  hello: [
    { v: WIRE_VERSION, space: A, nonce: 'n', position },
    { v: WIRE_VERSION, space: A, nonce: '', position: unsigned },
    { v: WIRE_VERSION, space: A, nonce: 'x'.repeat(512), position: null },
  ],
  bind: [
    { sessions: [opening, { ...opening, sessionId: A }], auth: null, keeps: false },
    { sessions: [], auth: 'x'.repeat(8_192), keeps: true },
  ],
  offer: [
    { sig: 'seal', rejections: null },
    { sig: 'seal', rejections: [rejection] },
  ],
  want: [
    { have: position, pages: null },
    { have: unsigned, pages: ['name of a page', ''] },
    { have: null, pages: [] },
  ],
  held: [
    { epochs: [epoch, next], from: { seq: 41, chain: HASH }, position, batches: [], seals: null },
    { epochs: [], from: { seq: 0, chain: HASH }, position, batches: [4, 1], seals: null },
    {
      ...{ epochs: [], from: { seq: 0, chain: HASH }, position, batches: [4] },
      seals: [{ publicKey: 'a key', seal: 'a seal' }],
    },
  ],
  follow: [
    { no: 1, anew: true, scopes: [], whole: 0, have: null },
    { no: 2, anew: false, scopes, whole: 2, have: position },
  ],
  reach: [
    { no: 1, scopes, reg: 'a', isDown: false, rows: 1 },
    { no: 2, scopes: [], reg: 'b', isDown: true, rows: 1_024 },
  ],
  history: [{ entityId: A }],
  seal: [{ seq: 3 }, { seq: 0 }],
  erase: [
    { entityId: A, regs: ['body', 'title'] },
    { entityId: B, regs: null },
  ],
  bye: [{ reason: 'closed' }, { reason: '' }],
}

const told = { entityId: A, asOfSeq: 9, part: 0, end: 'whole' } as const
const terms = [{ reviewerId: B, eid: A, epoch: 1 }]
const reviewers: { readonly [K in keyof ReviewerFrames]: readonly ReviewerFrames[K][] } = {
  back: [
    { seq: 0, why: null },
    { seq: 41, why: null },
    { seq: 41, why: 'not_bound' },
  ],
  erased: [
    { entityId: A, seq: 41, why: null, sig: 'sig' },
    { entityId: A, seq: 0, why: 'words', sig: 'sig' },
  ],
  welcome: [
    {
      ...{ v: WIRE_VERSION, lineage: [epoch, next], position },
      ...{ credits: { messages: 100, bytes: 1_000_000 }, nonce: 'n', at: 1_700_000_000_000 },
      sig: 'sig',
    },
    {
      ...{ v: WIRE_VERSION, lineage: [epoch], position: unsigned },
      ...{ credits: { messages: 0, bytes: 0 }, nonce: '', at: 0, sig: '' },
    },
  ],
  bound: [
    { sessionIds: [A, B], forMs: 60_000, why: 'words', may: ['read', 'publish'] },
    { sessionIds: [], forMs: null, why: null, may: null },
  ],
  me: [
    { authorIds: [A, B], sig: 'sig' },
    { authorIds: [], sig: '' },
  ],
  tail: [
    { batches: [3, 1], position },
    { batches: [], position: unsigned },
  ],
  accepted: [
    { sessionId: B, reviews, sig: 'sig' },
    { sessionId: B, reviews: [], sig: '' },
  ],
  rejected: [{ rejections: [rejection] }, { rejections: [] }],
  nack: [
    { reason: 'busy', sessionId: B, clientSeqs: [1, 2], detail: 'later', alone: false, sig: null },
    { reason: 'unknown_schema', sessionId: B, clientSeqs: [], detail: '', alone: true, sig: 'sig' },
  ],
  page: [{ snapshot: 3 }],
  kept: [
    { snapshot: 3, pages: ['name of a page'] },
    { snapshot: 1, pages: [] },
  ],
  settled: [
    { sessionId: B, runs: [run, { ...run, clientSeq: 9 }], at: 1_700_000_000_000, snapshot: 3 },
    { sessionId: B, runs: [], at: 0, snapshot: 1 },
  ],
  through: [
    { position, pages: 0, snapshot: 0, sig: 'sig', at: 1_700_000_000_000, settled: null },
    {
      ...{
        position: unsigned,
        pages: 7,
        snapshot: 7,
        sig: 'sig',
        at: null,
        settled: { lists: 2, sig: 's' },
      },
    },
    { position, pages: 0, snapshot: 1, sig: '', at: 0, settled: null },
  ],
  reach: [
    { no: 1, to: 0.5 },
    { no: 2, to: 'é' },
    { no: 3, to: null },
  ],
  states: [
    {
      ...{ no: 3, of: 2, done: 1, more: true, position, at: 1_700_000_000_000, erased: 9 },
      ...{ kept: [A, B], gone: [B], accepted: [{ sessionId: B, reviews }], sig: 'sig' },
    },
    {
      ...{ no: 1, of: 1, done: 0, more: false, position: unsigned, at: 0, erased: 0 },
      ...{ kept: [], gone: [], accepted: [], sig: '' },
    },
  ],
  history: [
    { ...told, terms, messages: [{ term: 0, lines: 4 }], sig: 'sig' },
    { ...told, part: 2, end: 'more', terms: [], messages: [], sig: '' },
    {
      ...told,
      end: 'cut',
      terms: [...terms, ...terms],
      messages: [{ term: 1, lines: 3 }],
      sig: 's',
    },
  ],
  seal: [
    { seq: 3, publicKey: 'key', seal: 'seal', sig: 'sig' },
    { seq: 0, publicKey: null, seal: null, sig: '' },
  ],
  bye: [
    { reason: 'it speaks another version', code: 'wrong_version' },
    { reason: 'another space', code: 'wrong_space' },
    { reason: 'restart', code: null },
  ],
}

const authorCases = Object.entries(authors).flatMap(([kind, all]) =>
  all.map((fields: object) => [kind, fields] as const),
)
const reviewerCases = Object.entries(reviewers).flatMap(([kind, all]) =>
  all.map((fields: object) => [kind, fields] as const),
)
const authored = authorFrame as (kind: string, fields: object, texts?: string) => string
const reviewed = reviewerFrame as (kind: string, fields: object, texts?: string) => string

describe('both tables', () => {
  test.each(authorCases)(
    'FRM1 frames: an author’s %s is read back the same: %j',
    (kind, fields) => {
      const bare = authored(kind, fields)
      expect(bare).not.toContain('\n')
      expect(parseAuthorFrame(bare)).toEqual({ ok: true, value: { kind, texts: '', ...fields } })
      for (const texts of TEXTS) {
        const frame = parseAuthorFrame(authored(kind, fields, texts))
        expect(frame).toEqual({ ok: true, value: { kind, texts, ...fields } })
      }
    },
  )

  test.each(reviewerCases)(
    'FRM1 frames: a reviewer’s %s is read back the same: %j',
    (kind, fields) => {
      const bare = reviewed(kind, fields)
      expect(bare).not.toContain('\n')
      expect(parseReviewerFrame(bare)).toEqual({ ok: true, value: { kind, texts: '', ...fields } })
      for (const texts of TEXTS) {
        const frame = parseReviewerFrame(reviewed(kind, fields, texts))
        expect(frame).toEqual({ ok: true, value: { kind, texts, ...fields } })
      }
    },
  )

  test('FRM1, FRM2 frames: ids have 22 characters, flags are 0 or 1, null fields at the end are omitted', () => {
    expect(authored('want', { have: null, pages: null })).toBe('["want"]')
    expect(authored('hello', { v: 2, space: A, nonce: 'n', position: null })).toBe(
      `["hello",2,"${SHORT_A}","n"]`,
    )
    expect(authored('want', { have: unsigned, pages: null })).toBe(
      `["want",["${SHORT_A}",3,41,"${HASH}"]]`,
    )
    expect(reviewed('bye', { reason: 'x', code: null })).toBe('["bye","x"]')
    expect(reviewed('accepted', { sessionId: B, reviews: [again], sig: 's' })).toBe(
      `["accepted","${SHORT_B}",[[4,9,1700000000000,1]],"s"]`,
    )
    expect(reviewed('settled', { sessionId: B, runs: [run], at: 5, snapshot: 2 })).toBe(
      `["settled","${SHORT_B}",[[4,3,9]],5,2]`,
    )
    const through = { position: unsigned, pages: 0, snapshot: 0, settled: null }
    const ends = `["through",["${SHORT_A}",3,41,"${HASH}"],0,0`
    expect(reviewed('through', { ...through, sig: 's', at: null })).toBe(`${ends},"s"]`)
    expect(reviewed('through', { ...through, sig: 's', at: 5 })).toBe(`${ends},"s",5]`)
    expect(authored('offer', { sig: 's', rejections: null }, 'line')).toBe('["offer","s"]\nline')
  })

  test('§19 frames: a frame of one side is rejected by the other', () => {
    for (const frame of [
      authored('want', { have: null, pages: null }),
      authored('offer', { sig: 's', rejections: null }, 'a'),
    ])
      expect(parseReviewerFrame(frame)).toMatchObject({ error: { code: 'malformed' } })
    for (const frame of [
      reviewed('bound', { sessionIds: [], forMs: null, why: null, may: null }),
      reviewed('page', { snapshot: 1 }, 'a'),
    ])
      expect(parseAuthorFrame(frame)).toMatchObject({ error: { code: 'malformed' } })
  })
})

describe('malformed', () => {
  const NO_ID = A
  const bad = { eid: 'x' }
  const openingList: readonly unknown[] = [SHORT_A, 'key', SHORT_B, 'ann', 'salt', 'sig', 'proof']
  /** Replacements of a required text. */
  const BAD_TEXTS: readonly unknown[] = [null, 1, true, ['n'], {}, '\ud800', 'x'.repeat(513)]
  const BAD_COUNTS: readonly unknown[] = [null, -1, 0.5, '5', true, [5], {}, 2 ** 53]
  const badAuthors: { readonly [K in keyof AuthorFrames]: readonly (readonly unknown[])[] } = {
    hello: [
      [],
      ['2', SHORT_A, 'n'],
      [2],
      [2, SHORT_A],
      [2, NO_ID, 'n'],
      ...BAD_TEXTS.map((nonce) => [2, SHORT_A, nonce]),
      [2, SHORT_A, list, 'n'],
      [2, SHORT_A, 'n', bad],
      [2, SHORT_A, 'n', list.with(0, 'x')],
      [2, SHORT_A, 'n', list.with(1, -1)],
      [2, SHORT_A, 'n', list.with(2, 0.5)],
      [2, SHORT_A, 'n', list.with(3, 'A'.repeat(22))],
      [2, SHORT_A, 'n', list.with(4, 'x'.repeat(513))],
      [2, SHORT_A, 'n', [...list, 1]],
      [2, SHORT_A, 'n', null, 1],
    ],
    bind: [
      [],
      [opening],
      [[opening]],
      // Without a proof.
      [[openingList.slice(0, 6)]],
      ...BAD_TEXTS.map((proof) => [[openingList.with(6, proof)]]),
      [[openingList.with(5, 1)]],
      [[openingList.with(0, A)]],
      [[openingList.with(2, B)]],
      [[openingList.with(1, '\ud800')]],
      [[[...openingList, 1]]],
      [[openingList, openingList.slice(0, 6)]],
      [[null]],
      [[openingList], null, true],
      [[openingList], null, 2],
      [[openingList], null, 1, 1],
    ],
    offer: [[], [1], ['x'.repeat(513)], ['\ud800'], ['a', 'b'], ['a', [{}]], ['a', [], 1]],
    want: [[bad], [list.slice(0, 3)], [0], [null, 0], [null, ['x'.repeat(17)]], [null, [], 1]],
    held: [
      [],
      [[], [41, HASH], list],
      [['x'], [41, HASH], list, []],
      [[], [41, ''], list, []],
      [[], [41], list, []],
      [[], [41, HASH], bad, []],
      [[], [41, HASH], list, [-1]],
      [[], [41, HASH], list, [], 1],
      [[], [41, HASH], list, [], [['a key', 2]]],
      [[], [41, HASH], list, [], [['a key']]],
      [[], [41, HASH], list, [], [], 1],
    ],
    follow: [
      [],
      [1, 1],
      [1, true, [], 0],
      [-1, 1, [], 0],
      [1, 1, []],
      [1, 1, [], 0, bad],
      [1, 1, [], 0, list, 1],
      ...BAD_COUNTS.map((whole) => [1, 1, [], whole]),
      [1, 1, Array.from({ length: 257 }, () => ['issue', []]), 0],
      ...[
        null,
        [],
        ['issue'],
        ['issue', [], 1],
        ['issue', [], ['a', [1, 1], 0], 1],
        ['issue', [], ['a', 0, 0]],
        ['issue', [], ['', [1, 1], 0]],
        ['issue', [], ['a', [1, 1]]],
        ['issue', [], ['a', [1, 2], 0]],
        ['issue', [], ['a', [1, 1], ['b', 1]]],
        ['issue', [], ['a', [null, 1], 0]],
        ['issue', [], ['a', ['\ud800', 1], 0]],
        ['issue', [], ['a', [1, 1, 1], 0]],
        ['issue', [], 0],
        ['issue', [], 0, []],
        ['issue', [], 0, [A]],
        ['issue', [], 0, [SHORT_B, SHORT_A]],
        ['issue', [], 0, [SHORT_A, SHORT_A]],
        ['issue', [], null, [SHORT_A]],
        ['issue', [], ['a', [1, 1], 0], [SHORT_A]],
        ['issue', [['a', 1]], 0, [SHORT_A]],
        ['issue', [], 0, [SHORT_A], 1],
        ['issue', [], 0, Array.from({ length: 257 }, () => SHORT_A)],
        ['1issue', []],
        [1, []],
        [
          'issue',
          [
            ['a', 1],
            ['a', 2],
          ],
        ],
        [
          'issue',
          [
            ['b', 1],
            ['a', 2],
          ],
        ],
        ['issue', [['a']]],
        ['issue', [['a', [1]]]],
        ['issue', [['a', {}]]],
        ['issue', [['a', '\ud800']]],
        ['issue', [['a', 'x'.repeat(513)]]],
        ['issue', [['a', 1, 2]]],
        ['issue', [['', 1]]],
        ['issue', Array.from({ length: 9 }, (_, i) => [`r${i}`, 1])],
      ].map((scope) => [1, 1, [scope], 0]),
    ],
    reach: [
      ...[[], [1, [], 'a', 0], [1, [], 'a', true, 5], [1, [], 1, 0, 5], [1, [], 'a', 0, 5, 1]],
      ...[0, 1_025, '5', null, 1.5].map((rows) => [1, [], 'a', 0, rows]),
      ...BAD_COUNTS.map((no) => [no, [], 'a', 0, 5]),
      [1, [['issue']], 'a', 0, 5],
      [1, [], 'x'.repeat(257), 0, 5],
    ],
    history: [[], [A], [null], [SHORT_A, SHORT_B], [`${SHORT_A.slice(0, 21)}B`]],
    seal: [[], ['1'], [-1], [1, 2]],
    erase: [[], [A, null], [SHORT_A, 'title'], [SHORT_A, [1]], [SHORT_A, null, 1]],
    bye: [['a', 'b']],
  }
  const toldFields: readonly unknown[] = [SHORT_A, 9, 0, 'whole', [], []]
  const statesFields: readonly unknown[] = [1, 1, 0, 0, list, 5, 0, [], [], [], 'sig']
  const badReviewers: { readonly [K in keyof ReviewerFrames]: readonly (readonly unknown[])[] } = {
    welcome: [
      [],
      [2],
      [2, [], list],
      greeting.with(0, '2'),
      greeting.with(1, []),
      greeting.with(1, {}),
      ...[
        null,
        [],
        '',
        '[]',
        epoch,
        ` ${epoch.line}`,
        '["redact",3,5,"AAAAAAAAAAAAAAAAAAAAAA",["a"]]',
      ].map((record) => greeting.with(1, [record])),
      greeting.with(2, null),
      greeting.with(3, [1]),
      greeting.with(3, [-1, 1]),
      // Without a nonce, a time, a signature.
      ...[4, 5, 6].map((end) => greeting.slice(0, end)),
      ...BAD_TEXTS.map((nonce) => greeting.with(4, nonce)),
      ...BAD_COUNTS.map((at) => greeting.with(5, at)),
      ...BAD_TEXTS.map((sig) => greeting.with(6, sig)),
      [...greeting, 1],
    ],
    bound: [
      ...[[], [SHORT_A], [[A]], [[null]]],
      ...[-1, '5', true].map((forMs) => [[SHORT_A], forMs]),
      [[SHORT_A], 5, 'words', 1],
    ],
    me: [[], [[SHORT_A]], [[A], 'sig'], [SHORT_A, 'sig'], [[SHORT_A], 'sig', 1]],
    back: [[], ...BAD_COUNTS.map((seq) => [seq]), [1, 2], [1, 7], [1, 'busy', 1]],
    tail: [
      [],
      [3],
      [[-1], list],
      [['3'], list],
      [[3]],
      [[3], null],
      [[], null],
      [[3], bad],
      [[3], list, 1],
    ],
    accepted: [
      [],
      [SHORT_A],
      [A, [], 'sig'],
      ...[[4, 9, 5], [4, 9, 5, true], [4, 9, 5, 2], [4, 9, 5, 1, 1], again].map((review) => [
        SHORT_A,
        [review],
        'sig',
      ]),
      [SHORT_A, again, 'sig'],
      [SHORT_A, [[4, 9, 5, 1]]],
      ...BAD_TEXTS.map((sig) => [SHORT_A, [[4, 9, 5, 1]], sig]),
      [SHORT_A, [], 'sig', 1],
    ],
    rejected: [[], [rejection], [[{ ...rejection, reason: 'busy' }]], [[null]], [[[]]]],
    nack: [
      [],
      [1, SHORT_A, [1], '', 0],
      ['busy', A, [1], '', 0],
      ['busy', SHORT_A, 1, '', 0],
      ['busy', SHORT_A, [1.5], '', 0],
      ['busy', SHORT_A, [1], ''],
      ['busy', SHORT_A, [1], '', false],
      ['busy', SHORT_A, [1], '', 0, 0],
      ['busy', SHORT_A, [1], '', 1, 'sig', 0],
      ['x'.repeat(65), SHORT_A, [1], '', 0],
    ],
    reach: [
      [],
      ...BAD_COUNTS.map((no) => [no, 5]),
      ...[true, [1], {}, '\ud800', 'x'.repeat(513)].map((to) => [1, to]),
      [1, 5, 1],
    ],
    states: [
      [],
      statesFields.slice(0, 10),
      [...statesFields, 1],
      ...[0, 1, 2, 5, 6].flatMap((i) => BAD_COUNTS.map((no) => statesFields.with(i, no))),
      statesFields.with(3, true),
      statesFields.with(4, null),
      statesFields.with(4, bad),
      statesFields.with(7, null),
      statesFields.with(7, [A]),
      statesFields.with(8, null),
      statesFields.with(8, [A]),
      statesFields.with(9, null),
      statesFields.with(9, [[A, []]]),
      statesFields.with(9, [[SHORT_A, [[4, 9, 5]]]]),
      ...BAD_TEXTS.map((sig) => statesFields.with(10, sig)),
    ],
    erased: [
      [],
      [A, 1, null, 'sig'],
      [SHORT_A, -1, null, 'sig'],
      [SHORT_A, 1, null],
      [SHORT_A, 1, null, 'sig', 1],
    ],
    page: [[], [-1], ['1'], [1, 2]],
    kept: [[], [1], [-1, []], [1, [2]], [1, ['x'.repeat(17)]], [1, [], 2]],
    settled: [
      [],
      [SHORT_A, []],
      [SHORT_A, [], 5],
      [A, [], 5, 1],
      ...[null, 4, [4], [4, 3], run, [4, 3, 9, 1]].map((bare) => [SHORT_A, [bare], 5, 1]),
      ...[0, 1, 2].flatMap((i) =>
        BAD_COUNTS.map((no) => [SHORT_A, [[4, 3, 9].with(i, no as number)], 5, 1]),
      ),
      ...[null, {}, 4, [4, 3, 9]].map((runs) => [SHORT_A, runs, 5, 1]),
      ...BAD_COUNTS.map((at) => [SHORT_A, [[4, 3, 9]], at, 1]),
      ...BAD_COUNTS.map((snapshot) => [SHORT_A, [[4, 3, 9]], 5, snapshot]),
      [SHORT_A, [], 5, 1, 1],
    ],
    through: [
      [],
      [null, 0, 0],
      [list, 0],
      [list, -1, 0],
      [list, 1, -1],
      ...BAD_TEXTS.map((sig) => [list, 1, 1, sig]),
      ...BAD_COUNTS.filter((at) => at !== null).map((at) => [list, 0, 0, 'sig', at]),
      ...[1, [], [1], ['1', 's'], [1, 's', 1], { lists: 1 }].map((settled) => [
        ...[list, 1, 1, 'sig', 1],
        settled,
      ]),
      [list, 1, 1, 'sig', 1, [1, 's'], 1],
    ],
    history: [
      [],
      toldFields.slice(0, 5),
      toldFields.with(0, A),
      toldFields.with(1, -1),
      toldFields.with(2, '0'),
      toldFields.with(3, 'end'),
      toldFields.with(4, [[SHORT_A, SHORT_B]]),
      toldFields.with(4, [{ eid: A }]),
      toldFields.with(5, [[0]]),
      toldFields.with(5, [[0, -4]]),
      [...toldFields, 1],
    ],
    seal: [
      [],
      [-1, 'key', 'seal', 'sig'],
      [1, 2, 'seal', 'sig'],
      [1, 'key', 2, 'sig'],
      [1, 'key', 'seal'],
      [1, 'key', 'seal', 'sig', 1],
    ],
    bye: [
      ['a', 'wrong'],
      ['a', 1],
      ['a', null, 1],
    ],
  }

  test.each(Object.entries(badAuthors))('FRM5 malformed: an author’s %s', (kind, all) => {
    for (const fields of all) {
      const frame = parseAuthorFrame(JSON.stringify([kind, ...fields]))
      expect(frame, JSON.stringify(fields)).toMatchObject({ ok: false })
      expect(frame).toEqual({
        ok: false,
        error: { code: 'malformed', message: expect.stringMatching(SENTENCE) as string },
      })
    }
  })

  test.each(Object.entries(badReviewers))('FRM5 malformed: a reviewer’s %s', (kind, all) => {
    for (const fields of all) {
      const frame = parseReviewerFrame(JSON.stringify([kind, ...fields]))
      expect(frame, JSON.stringify(fields)).toMatchObject({ ok: false })
      expect(frame).toEqual({
        ok: false,
        error: { code: 'malformed', message: expect.stringMatching(SENTENCE) as string },
      })
    }
  })

  test.each([
    ['nothing', ''],
    ['a line without a header', '\n["want"]'],
    ['no JSON', 'want'],
    ['half of a list', '["want"'],
    ['an object', '{"kind":"want"}'],
    ['null', 'null'],
    ['a text', '"want"'],
    ['an empty list', '[]'],
    ['an unknown kind', '["wish"]'],
    ['a kind that every object has', '["constructor"]'],
    ['another one', '["__proto__"]'],
    ['a kind that is no text', '[["want"]]'],
    ['a kind in capitals', '["WANT"]'],
    ['a part that was not joined', '["part","x",0,2,"a"]'],
    ['very deep', '['.repeat(100_000)],
  ])('FRM2 malformed: %s', (_, text) => {
    for (const frame of [parseAuthorFrame(text), parseReviewerFrame(text)])
      expect(frame).toEqual({
        ok: false,
        error: { code: 'malformed', message: expect.stringMatching(SENTENCE) as string },
      })
  })

  test('BYTE1, PART4 bounds: a frame has a bound in bytes, on each side, and one byte more is refused', () => {
    const limits = { ...LIMITS, authorFrameBytesMax: 100, reviewerFrameBytesMax: 200 }
    const author = (bytes: number): string =>
      authored('offer', { sig: 's', rejections: null }, 'é'.repeat(bytes / 2))
    const head = Buffer.byteLength(author(0))
    expect(parseAuthorFrame(author(100 - head + (head % 2) - 1), limits).ok).toBe(true)
    expect(parseAuthorFrame(author(102 - head + (head % 2)), limits)).toMatchObject({
      error: { message: 'a frame has at most 100 bytes' },
    })
    const reviewer = reviewed('page', { snapshot: 1 }, 'x'.repeat(200))
    const over = reviewer.length - 200
    expect(parseReviewerFrame(reviewer.slice(0, -over), limits).ok).toBe(true)
    expect(parseReviewerFrame(reviewer.slice(0, 1 - over), limits)).toMatchObject({
      error: { message: 'a frame has at most 200 bytes' },
    })
  })

  test('§19 words: a message for people is truncated, never rejected', () => {
    const long = 'w'.repeat(1_000)
    expect(parseAuthorFrame(JSON.stringify(['bye', long]))).toMatchObject({
      value: { reason: long.slice(0, 256) },
    })
    for (const reason of [1, null, {}, ['a']])
      expect(parseAuthorFrame(JSON.stringify(['bye', reason]))).toMatchObject({
        value: { reason: '' },
      })
    expect(parseAuthorFrame('["bye"]')).toMatchObject({ value: { reason: '' } })
    const nack = ['a reason of tomorrow', SHORT_B, [1], long, 0]
    expect(parseReviewerFrame(JSON.stringify(['nack', ...nack]))).toMatchObject({
      value: { reason: 'a reason of tomorrow', detail: long.slice(0, 256) },
    })
  })
})

describe('another version', () => {
  test.each([0, 1, 3, 99])('FRM3 version: a greeting of version %d is read as far as that', (v) => {
    const forms: readonly (readonly unknown[])[] = [
      [v],
      [v, A, null],
      [v, { space: A }],
      [v, 1, 2, 3, 4, 5, 6, 7, 8],
    ]
    for (const fields of forms) {
      expect(parseAuthorFrame(JSON.stringify(['hello', ...fields]))).toMatchObject({
        value: { kind: 'hello', v },
      })
      expect(parseReviewerFrame(JSON.stringify(['welcome', ...fields]))).toMatchObject({
        value: { kind: 'welcome', v },
      })
    }
  })

  test.each([[-1], [1.5], ['1'], [null], [[1]], [2 ** 53]])(
    '§19 version: %j is invalid, and rejected',
    (v) => {
      expect(parseAuthorFrame(JSON.stringify(['hello', v, SHORT_A, 'n'])).ok).toBe(false)
      expect(parseReviewerFrame(JSON.stringify(['welcome', ...greeting.with(0, v)])).ok).toBe(false)
    },
  )

  test('FRM3 version: no other frame is read in another version', () => {
    expect(parseAuthorFrame(JSON.stringify(['history', 1])).ok).toBe(false)
    expect(parseReviewerFrame(JSON.stringify(['tail', 1])).ok).toBe(false)
  })
})

describe('parts of frames', () => {
  test('§19 positions: in the form of the storage; a malformed one is rejected', () => {
    for (const each of [position, unsigned])
      expect(readPosition(JSON.parse(JSON.stringify(positionJson(each))))).toEqual(each)
    const kept = positionJson(position) as unknown[]
    for (const none of [undefined, null, {}, [], 'x', kept.slice(0, 3), kept.with(0, A), position])
      expect(readPosition(none)).toBeUndefined()
  })

  test.each<[string, readonly number[], string[] | undefined]>([
    ['a', [1], ['a']],
    ['a\nb\nc', [1, 2], ['a', 'b\nc']],
    ['a\nb\nc', [3], ['a\nb\nc']],
    ['a\nb\nc', [1, 1, 1], ['a', 'b', 'c']],
    ['a\n\nc', [2, 1], ['a\n', 'c']],
    ['\n', [1, 1], ['', '']],
    ['', [], []],
    ['a\nb\nc', [1, 1], undefined],
    ['a\nb\nc', [2, 2], undefined],
    ['a\nb\nc', [4], undefined],
    ['a\nb\nc', [1, 2, 1], undefined],
    ['a\nb\nc', [0, 3], undefined],
    ['a', [], undefined],
    ['a\n', [1], undefined],
    ['a', [Number.MAX_SAFE_INTEGER], undefined],
  ])('§19 texts: %j in parts of %j lines', (texts, parts, expected) => {
    expect(linesInParts(texts, parts)).toEqual(expected)
  })
})
