/** Checks each rule of a well-formed text: a valid flush is parsed, one broken rule is detected. */
import { expect, test } from 'vitest'
import { canonical } from '../base/canonical.ts'
import type { Json } from '../base/json.ts'
import { bytesOf, utf8Bytes } from '../base/size.ts'
import { type Uuid, isUuid, uuid8 } from '../base/uuid.ts'
import { FACT_BOUNDS, type FactBounds } from './bounds.ts'
import { readFlush } from './flush.ts'
import { chainPrefix, isSalt, longId, shortId } from './ids.ts'
import { composeSession, readSession } from './session-line.ts'
import type { Flush } from './types.ts'

const uuid = (n: number): Uuid => `0190a6b2-3c4d-8e5f-8a7b-${n.toString(16).padStart(12, '0')}`
const [SPACE, AUTHOR, SESSION, EID, OTHER_EID] = [1, 2, 3, 4, 5].map(uuid) as [
  Uuid,
  Uuid,
  Uuid,
  Uuid,
  Uuid,
]
const [E1, E2, E3] = [17, 18, 19].map((n) => shortId(uuid(n))) as [string, string, string]
const [S1, S2] = [33, 34].map((n) => shortId(uuid(n))) as [string, string]
const HASH = `${'A'.repeat(42)}A`
const CHAIN = chainPrefix(`${'B'.repeat(42)}A`)
const SALT = 'abcdefghijklmnop'

const session = composeSession({
  space: SPACE,
  authorId: AUTHOR,
  sessionId: SESSION,
  personalCommit: HASH,
  eid: EID,
})

const SHAPES: Json = [
  ['issue', 1, 3, ['done', 'title']],
  ['issue', 0, 3, ['title']],
  ['issue', 2, 3, ['$archived', 'title']],
]
const SEEN: Json = [100, CHAIN, 7, [9]]
const HEAD: Json = [1000, SHAPES, SEEN]
/** A change with every optional part. */
const FULL: Json = [
  0,
  E1,
  [60, 50, -4, [S1, 5, 2, [3, 4]]],
  [true, 'x'],
  [
    [0, [50]],
    [1, [-4, [S2, 8]]],
  ],
  50,
  [[S2, 8, 6]],
]
const LINES: readonly Json[] = [
  [12, 0, [FULL], SALT],
  [[1, E2, [], ['new'], null, null, null, S1], SALT],
  [[2, 0, [-1], [false, 'y'], [[0, [-1]]]], SALT],
  [13, 5, [2], SALT, [[0], [1, 3, [[S1, 4]]]]],
  [15, 6, [[0, 1, [-2], [false, { $unset: true }]]], SALT],
]

function read(
  head: Json,
  lines: readonly Json[],
  bounds: FactBounds = FACT_BOUNDS,
): ReturnType<typeof readFlush> {
  return readFlush(session, [head, ...lines].map(canonical).join('\n'), bounds)
}

/** The full flush with one part of one line replaced; `undefined` removes the part. */
function replaced(line: number, path: readonly number[], value: Json | undefined): Json[] {
  const lines = structuredClone([HEAD, ...LINES]) as Json[]
  let at = lines as Json[]
  for (const step of [line, ...path].slice(0, -1)) at = at[step] as Json[]
  const last = path.at(-1) ?? line
  if (value === undefined) at.splice(last, 1)
  else at[last] = value
  return lines
}

test('FACT3 to FACT11 a flush that keeps every rule is read, with absolute numbers', () => {
  const outcome = read(HEAD, LINES)
  expect(outcome).toMatchObject({ ok: true })
  const { head, messages } = (outcome as { value: Flush }).value
  expect(head.seen).toEqual({ seq: 100, chain: CHAIN, from: 7, except: [9], eid: EID })
  const [first, second, third] = messages as [never, never, never]
  const s1 = longId(S1, 's1')
  const s2 = longId(S2, 's2')
  expect(first).toEqual({
    clientSeq: 12,
    time: 1000,
    salts: [SALT],
    changes: [
      {
        shape: { type: 'issue', kind: 'update', schemaVersion: 3, regs: ['done', 'title'] },
        entityId: uuid(17),
        parents: {
          canonical: [40, 50],
          own: [8],
          others: [{ sessionId: s1, clientSeq: 5, from: 2, except: [3, 4] }],
        },
        values: [true, 'x'],
        keep: [
          { reg: 'done', names: { canonical: [50], own: [], others: [] } },
          {
            reg: 'title',
            names: {
              canonical: [],
              own: [8],
              others: [{ sessionId: s2, clientSeq: 8, from: 8, except: [] }],
            },
          },
        ],
        cut: 50,
        own: [{ sessionId: s2, clientSeq: 8, from: 6, except: [] }],
      },
    ],
  })
  expect(second).toMatchObject({
    clientSeq: 13,
    time: 1005,
    salts: [SALT, SALT, SALT],
    changes: [
      { entityId: uuid(18), sid: s1, shape: { kind: 'create' } },
      { entityId: uuid(17), parents: { canonical: [], own: [12], others: [] } },
    ],
    expect: [
      { entityId: uuid(17) },
      { entityId: uuid(18), cut: 3, own: [{ sessionId: s1, clientSeq: 4 }] },
    ],
  })
  expect(third).toMatchObject({ changes: [{ entityId: uuid(18), parents: { own: [13] } }] })
})

const H = 0
const regs = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `r${String(i).padStart(3, '0')}`)

const broken: readonly (readonly [
  rule: string,
  line: number,
  path: readonly number[],
  value: Json | undefined,
])[] = [
  ['FACT4 no shapes', H, [1], []],
  ['FACT4 a shape twice', H, [1, 1], ['issue', 1, 3, ['done', 'title']]],
  ['FACT4 a shape that nothing uses', H, [1, 3], ['issue', 1, 4, ['done']]],
  ['FACT4 shapes in another order', H, [1], [SHAPES[1]!, SHAPES[0]!, SHAPES[2]!]],
  ['FACT4 a type without a fit name', H, [1, 0, 0], 'a b'],
  ['FACT4 no type', H, [1, 0, 0], ''],
  ['FACT4 a type of 65 characters', H, [1, 0, 0], 't'.repeat(65)],
  ['FACT4 a type with half of a surrogate pair', H, [1, 0, 0], 'a\ud800'],
  ['FACT4 a type that is not a string', H, [1, 0, 0], 1],
  ['FACT4 a kind that is unknown', H, [1, 0, 1], 4],
  ['FACT4 a kind by name', H, [1, 0, 1], 'update'],
  ['FACT4 a kind by a name of every object', H, [1, 0, 1], 'constructor'],
  ['FACT4 schema version 0', H, [1, 0, 2], 0],
  ['FACT4 schema version 1.5', H, [1, 0, 2], 1.5],
  ['FACT4 schema version above a million', H, [1, 0, 2], 1_000_001],
  ['FACT4 no register', H, [1, 0, 3], []],
  ['FACT4 registers not sorted', H, [1, 0, 3], ['title', 'done']],
  ['FACT4 a register twice', H, [1, 0, 3], ['done', 'done']],
  ['FACT4 the register id', H, [1, 0, 3], ['id', 'title']],
  ['FACT4 a register without a name', H, [1, 0, 3], ['', 'title']],
  ['FACT4 a register of 257 characters', H, [1, 0, 3], ['done', 't'.repeat(257)]],
  ['FACT4 a register of every object', H, [1, 0, 3], ['__proto__', 'title']],
  ['FACT4 a register that is not a string', H, [1, 0, 3], ['done', 1]],
  ['FACT4 a reserved register', H, [1, 0, 3], ['$x', 'title']],
  ['FACT4 half of a surrogate pair as a register', H, [1, 0, 3], ['title', '\ud800']],
  ['FACT4 129 registers', H, [1, 0, 3], regs(129)],
  ['FACT4 baseTime is another than that of the first message', 1, [1], 5],
  ['FACT4 baseTime as a fraction', H, [0], 1000.5],
  ['FACT4 a fourth element', H, [3], 0],
  ['FACT5 no chain', H, [2, 1], ''],
  ['FACT5 a chain with another character', H, [2, 1], `${CHAIN.slice(1)}"`],
  ['FACT5 a chain with a line feed', H, [2, 1], `${CHAIN}\n`],
  ['FACT5 a seq below 0', H, [2, 0], -1],
  ['FACT5 a seq that is a fraction', H, [2, 0], 0.5],
  ['FACT5 a seq beyond integers', H, [2, 0], 2 ** 53],
  ['FACT5 a seq by a text', H, [2, 0], '100'],
  ['FACT5 a seq that is null', H, [2, 0], null],
  ['FACT5 from by a text', H, [2, 2], '7'],
  ['FACT5 from that is a fraction', H, [2, 2], 1.5],
  ['FACT5 except by a text', H, [2, 3], ['9']],
  ['FACT5 except that is a fraction', H, [2, 3], [9.5]],
  ['FACT5 except twice', H, [2, 3], [9, 9]],
  ['FACT5 except that is not a list', H, [2, 3], 9],
  ['FACT5 a lineage that is not a uuid', H, [2, 4], 'x'],
  ['FACT5 a chain of 43 characters', H, [2, 1], HASH],
  ['FACT5 a chain of more than 128 bits', H, [2, 1], `${'A'.repeat(21)}B`],
  ['FACT5 from 0', H, [2, 2], 0],
  ['FACT5 from after the first message', H, [2, 2], 13],
  ['FACT5 except at from', H, [2, 3], [7]],
  ['FACT5 except not ascending', H, [2, 3], [11, 10]],
  ['FACT5 except at the first message', H, [2, 3], [12]],
  ['FACT5 the lineage of the session line', H, [2, 4], shortId(EID)],
  ['FACT5 a lineage that is null', H, [2, 4], null],
  ['FACT5 nothing seen, and a chain', H, [2], [0, CHAIN, 7, [9]]],
  ['FACT5 nothing seen, and a lineage', H, [2], [0, '', 7, [9], shortId(OTHER_EID)]],
  ['FACT6 clientSeq 0', 1, [0], 0],
  ['FACT6 clientSeq 1.5', 1, [0], 1.5],
  ['FACT6 clientSeq beyond integers', 1, [0], 2 ** 53],
  ['FACT6 a time between milliseconds', 1, [1], 0.5],
  ['FACT6 a time that is not a number', 1, [1], '0'],
  ['FACT6 no change', 1, [2], []],
  ['FACT6 two changes in one line', 1, [2], [FULL, FULL]],
  ['FACT6 an outer line of one change', 4, [2], [1]],
  ['FACT6 more changes announced than there are', 4, [2], [3]],
  ['FACT6 a change without its message', 4, [], undefined],
  ['FACT6 a salt of 128 bits', 1, [3], 'A'.repeat(22)],
  ['FACT6 a salt that is not base64url', 1, [3], 'abcdefghijklmno='],
  ['FACT6 a line of a change without its salt', 2, [1], undefined],
  ['FACT6 expect that is null', 1, [4], null],
  ['FACT6 clientSeq does not ascend', 4, [0], 12],
  ['FACT6 two changes of one entity', 3, [0, 1], 1],
  ['FACT7 a shape that the head does not have', 1, [2, 0, 0], 3],
  ['FACT7 fewer values than registers', 1, [2, 0, 3], [true]],
  ['FACT7 more values than registers', 1, [2, 0, 3], [true, 'x', 1]],
  ['FACT7 an unset value with more', 1, [2, 0, 3, 1], { $unset: true, a: 1 }],
  ['FACT7 a text of more than 65,536 bytes', 1, [2, 0, 3, 1], 'x'.repeat(65_537)],
  ['FACT7 a value with a key that starts with $', 1, [2, 0, 3, 1], { $x: 1 }],
  [
    'FACT7 a value nested deeper than 16',
    1,
    [2, 0, 3, 1],
    JSON.parse('['.repeat(17) + ']'.repeat(17)),
  ],
  ['FACT7 half of a surrogate pair', 1, [2, 0, 3, 1], '\ud800'],
  ['FACT7 half of a surrogate pair in a key', 1, [2, 0, 3, 1], { '\udfff': 1 }],
  ['FACT7 $archived that is not a boolean', 3, [0, 3, 0], 1],
  ['FACT7 an update without parents', 1, [2, 0, 2], []],
  ['FACT7 a create with a parent', 2, [0, 2], [60]],
  ['FACT7 a create with keep', 2, [0, 4], [[0, [60]]]],
  ['FACT7 a create with cut', 2, [0, 5], 3],
  ['FACT7 a create with own', 2, [0, 6], [[S1, 3]]],
  ['FACT7 an update with sid', 1, [2, 0, 7], S1],
  ['FACT7 sid of this session', 2, [0, 7], shortId(SESSION)],
  ['FACT7 an absent last part that is written', 5, [2, 0, 4], null],
  ['FACT7 a ninth part', 2, [0, 8], 1],
  ['FACT8 an entity of 36 characters', 1, [2, 0, 1], uuid(17)],
  ['FACT8 an entity that is not a uuid', 1, [2, 0, 1], 'A'.repeat(22)],
  ['FACT8 an entity by the number of its own line', 1, [2, 0, 1], 0],
  ['FACT8 an entity by the number of a later line', 1, [2, 0, 1], 1],
  ['FACT8 an entity by the number of a line that spells none', 5, [2, 0, 1], 3],
  ['FACT8 an entity by a line that names it by number', 5, [2, 0, 1], 2],
  ['FACT8 an entity spelled again', 5, [2, 0, 1], E2],
  ['FACT8 an entity by the number of no line', 5, [2, 0, 1], -1],
  ['FACT9 a canonical name from before the first seq', 1, [2, 0, 2], [100, 50]],
  ['FACT9 canonical names not ascending', 1, [2, 0, 2], [50, 60]],
  ['FACT9 a name twice', 1, [2, 0, 2], [60, 60]],
  ['FACT9 own before canonical', 1, [2, 0, 2], [-4, 60]],
  ['FACT9 another session before own', 1, [2, 0, 2], [[S1, 5], -4]],
  ['FACT9 an own name that is before from', 1, [2, 0, 2], [60, -6]],
  ['FACT9 an own name that is excepted', 1, [2, 0, 2], [60, -3]],
  ['FACT9 an own name of before the session', 1, [2, 0, 2], [60, -12]],
  ['FACT9 a name that is a fraction', 1, [2, 0, 2], [60.5]],
  ['FACT9 the own session as another', 1, [2, 0, 2], [[shortId(SESSION), 5]]],
  [
    'FACT9 another session twice',
    1,
    [2, 0, 2],
    [
      [S1, 5],
      [S1, 6],
    ],
  ],
  [
    'FACT9 other sessions not sorted',
    1,
    [2, 0, 2],
    [
      [S2, 5],
      [S1, 6],
    ],
  ],
  ['FACT9 a span from its own end', 1, [2, 0, 2], [[S1, 5, 5]]],
  ['FACT9 a span from above its end', 1, [2, 0, 2], [[S1, 5, 6]]],
  ['FACT9 a span from 0', 1, [2, 0, 2], [[S1, 5, 0]]],
  ['FACT9 a span to a fraction', 1, [2, 0, 2], [[S1, 5.5]]],
  ['FACT9 a span beyond integers', 1, [2, 0, 2], [[S1, 2 ** 53, 1]]],
  ['FACT9 a span from a text', 1, [2, 0, 2], [[S1, 5, '2']]],
  ['FACT9 a span of a session that is not a uuid', 1, [2, 0, 2], [['x', 5]]],
  ['FACT9 a span of a session of 36 characters', 1, [2, 0, 2], [[uuid(33), 5]]],
  ['FACT9 exceptions not ascending', 1, [2, 0, 2], [[S1, 5, 1, [4, 3]]]],
  ['FACT9 an exception that is a fraction', 1, [2, 0, 2], [[S1, 5, 1, [3.5]]]],
  ['FACT9 an exception by a text', 1, [2, 0, 2], [[S1, 5, 1, ['3']]]],
  ['FACT9 no exceptions, written', 1, [2, 0, 2], [[S1, 5, 2, []]]],
  ['FACT9 an exception at the end of a span', 1, [2, 0, 2], [[S1, 5, 2, [5]]]],
  ['FACT9 an exception at the start of a span', 1, [2, 0, 2], [[S1, 5, 2, [2]]]],
  ['FACT10 a cut at seen.seq', 1, [2, 0, 5], 100],
  ['FACT10 cut below a canonical parent', 1, [2, 0, 5], 49],
  ['FACT10 a negative cut', 1, [2, 0, 5], -1],
  ['FACT10 a cut that is a fraction', 1, [2, 0, 5], 60.5],
  ['FACT10 a cut by a text', 1, [2, 0, 5], '60'],
  ['FACT10 own that names a session of a parent', 1, [2, 0, 6], [[S1, 3]]],
  ['FACT10 own that is empty', 1, [2, 0, 6], []],
  [
    'FACT10 own not sorted',
    1,
    [2, 0, 6],
    [
      [S2, 3],
      [S1, 3],
    ],
  ],
  ['FACT10 keep that is empty', 1, [2, 0, 4], []],
  ['FACT10 keep of a register that is not written', 1, [2, 0, 4], [[2, [50]]]],
  [
    'FACT10 keep of a register twice',
    1,
    [2, 0, 4],
    [
      [0, [50]],
      [0, [60]],
    ],
  ],
  ['FACT10 keep without names', 1, [2, 0, 4], [[0, []]]],
  ['FACT10 keep with a span', 1, [2, 0, 4], [[0, [[S1, 5, 2]]]]],
  ['FACT10 keep above cut', 1, [2, 0, 4], [[0, [49]]]],
  ['FACT10 a resolve that keeps a field', 3, [0, 4], [[1, [-1]]]],
  ['FACT11 expect that is empty', 4, [4], []],
  ['FACT11 expect not sorted', 4, [4], [[1], [0]]],
  ['FACT11 expect of an entity twice', 4, [4], [[0], [0]]],
  ['FACT11 expect of a spelled entity that a line spells', 4, [4], [[E1]]],
  ['FACT11 expect with a cut that was not seen', 4, [4], [[0, 100]]],
  ['FACT11 expect with an absent last part', 4, [4], [[0, null]]],
]

test.each(broken)('%s', (_, line, path, value) => {
  const [head, ...lines] = replaced(line, path, value)
  expect(read(head!, lines).ok).toBe(false)
})

const created: Json = [12, 0, [[0, E1, [], ['x']]], SALT]

test.each<[string, Json]>([
  ['the whole of it', [7, CHAIN, 2, [4, 5]]],
  ['nothing own', [7, CHAIN, 12, []]],
  ['every own one', [7, CHAIN, 1, []]],
  ['but the last own one', [7, CHAIN, 1, [11]]],
  ['nothing canonical', [0, '', 1, [2, 3]]],
])('FACT5 seen: %s', (_, seen) => {
  const [seq, chain, from, except] = seen as [number, string, number, number[]]
  expect(read([1000, [SHAPES[1]!], seen], [created])).toMatchObject({
    value: { head: { seen: { seq, chain, from, except, eid: seq === 0 ? null : EID } } },
  })
})

test('FACT10 an entity that is known up to nothing canonical has own and pending parents', () => {
  const update = (names: Json): Json => [12, 0, [[0, E1, names, [true, 'x'], null, 0]], SALT]
  const head = [1000, [SHAPES[0]!], SEEN]
  for (const names of [[-4], [[S1, 5]], [-4, [S1, 5, 1]]])
    expect(read(head, [update(names)])).toMatchObject({
      value: { messages: [{ changes: [{ cut: 0 }] }] },
    })
  expect(read(head, [update([99])]).ok).toBe(false)
})

test('FACT5 a lineage of its own, and nothing seen', () => {
  const outcome = read([1000, SHAPES, [100, CHAIN, 7, [9], shortId(OTHER_EID)]], LINES)
  expect(outcome).toMatchObject({ value: { head: { seen: { eid: OTHER_EID } } } })
  const nothing = [1000, [SHAPES[1]!], [0, '', 1, []]]
  expect(read(nothing, [created])).toMatchObject({ value: { head: { seen: { eid: null } } } })
  const stranger = composeSession({ ...session.facts, eid: null })
  const named = canonical([1000, [SHAPES[1]!], [3, CHAIN, 1, []]])
  expect(readFlush(stranger, `${named}\n${canonical(created)}`).ok).toBe(false)
})

test('FACT11 expect of an entity without a line contains the id, and names nothing for later lines', () => {
  const create = (entity: Json, seq: number, expected?: Json): Json => [
    seq,
    0,
    [[0, entity, [], ['x']]],
    SALT,
    ...(expected ? [expected] : []),
  ]
  const head = [1000, [SHAPES[1]!], [100, CHAIN, 7, []]]
  expect(read(head, [create(E1, 12, [[E3]]), create(E3, 13)]).ok).toBe(true)
  expect(read(head, [create(E1, 12, [[E3]]), create(1, 13)]).ok).toBe(false)
})

const above: readonly (readonly [string, Partial<FactBounds>])[] = [
  ['messages', { flushMessagesMax: 2 }],
  ['changes', { messageChangesMax: 1 }],
  ['expected entities', { expectMax: 1 }],
  ['registers', { registersMax: 1 }],
  ['canonical names', { canonicalNamesMax: 1 }],
  ['pending names', { pendingNamesMax: 1 }],
  ['bytes', { flushBytesMax: 200 }],
]

test.each(above)('FACT14 more %s than allowed is too_large', (_, bounds) => {
  expect(read(HEAD, LINES, { ...FACT_BOUNDS, ...bounds })).toMatchObject({
    error: { code: 'too_large' },
  })
})

test('FACT14 as many as allowed are read', () => {
  const bounds = {
    flushMessagesMax: 3,
    messageChangesMax: 2,
    expectMax: 2,
    registersMax: 2,
    canonicalNamesMax: 2,
    pendingNamesMax: 2,
    flushBytesMax: bytesOf(utf8Bytes([HEAD, ...LINES].map(canonical).join('\n')) + 1),
    messageBytesMax: 1,
  }
  expect(read(HEAD, LINES, bounds).ok).toBe(true)
})

test('FACT1 a text that is not canonical is refused', () => {
  const text = [HEAD, ...LINES].map(canonical).join('\n')
  for (const [from, to] of [
    ['1000', '1e3'],
    ['1000', '1000.0'],
    ['[', '[ '],
    ['"issue"', '"\\u0069ssue"'],
    ['true', 'true '],
    ['5,', '5, '],
    ['0,', '-0,'],
    ['{"$unset":true}', '{"$unset":true,"$unset":true}'],
    ['"x"', '{"b":1,"a":2}'],
    ['"x"', '{"9":1,"10":2}'],
  ] as const) {
    const other = text.replace(from, () => to)
    expect(readFlush(session, other).ok, to).toBe(false)
  }
  expect(readFlush(session, text.replace('"x"', '{"10":2,"9":1}')).ok).toBe(true)
})

test('FACT1 half of a surrogate pair, which would hash as U+FFFD, is refused', () => {
  const text = [HEAD, ...LINES].map(canonical).join('\n').replace('"x"', '"\ufffd"')
  expect(readFlush(session, text).ok).toBe(true)
  for (const half of ['\ud800', '\udfff']) {
    const message = expect.stringContaining('surrogate') as string
    expect(readFlush(session, text.replace('\ufffd', half))).toMatchObject({ error: { message } })
  }
})

const sessionFaults: readonly (readonly [string, number, Json | undefined])[] = [
  ['the first version', 0, 1],
  ['a space of 36 characters', 1, SPACE],
  ['an author that is no uuid', 2, 'A'.repeat(22)],
  ['a session that is null', 3, null],
  ['a commitment of 22 characters', 4, CHAIN],
  ['a commitment with unused bits', 4, `${'A'.repeat(42)}B`],
  ['a lineage of two characters', 5, 'AA'],
  ['no lineage', 5, undefined],
  ['a seventh element', 6, 1],
]

test.each(sessionFaults)('FACT3 %s', (_, at, value) => {
  const list = JSON.parse(session.line) as Json[]
  if (value === undefined) list.splice(at, 1)
  else list[at] = value
  expect(readSession(canonical(list)).ok).toBe(false)
})

test('FACT2 a short id is the base64url of the 16 bytes, for every byte in every place', () => {
  for (let at = 0; at < 16; at++) {
    for (let byte = 0; byte < 256; byte++) {
      const bytes = Buffer.alloc(16, 0xa5)
      bytes[at] = byte
      bytes[6] = (bytes[6]! & 0x0f) | 0x80
      bytes[8] = (bytes[8]! & 0x3f) | 0x80
      const id = uuid8(bytes)
      expect(shortId(id)).toBe(bytes.toString('base64url'))
      expect(longId(shortId(id), 'id')).toBe(id)
    }
  }
})

test('FACT2 a uuid in 22 characters and back; one text for one id', () => {
  for (const n of [0, 1, 255, 2 ** 47]) {
    expect(shortId(uuid(n))).toHaveLength(22)
    expect(longId(shortId(uuid(n)), 'id')).toBe(uuid(n))
  }
  expect(isUuid(longId(S1, 'id'))).toBe(true)
  expect(isSalt(SALT)).toBe(true)
  expect(isSalt(`${SALT}A`)).toBe(false)
  // The last character of 128 bits has only two of them.
  for (const last of 'ABCDEFGH') {
    const outcome = readSession(
      session.line.replace(shortId(SPACE), shortId(SPACE).slice(0, 21) + last),
    )
    expect(outcome.ok).toBe('AQgw'.includes(last))
  }
})
