/**
 * Test vectors of the texts of authors, for implementations in other languages: what each text
 * means, and its hashes. `make.ts` writes them; `vectors.test.ts` holds the file against this code.
 */
import { toHex } from '../src/base/bytes.ts'
import type { Json } from '../src/base/json.ts'
import { composeFlush, readFlush, textOfFlush } from '../src/facts/flush.ts'
import { sealBytes } from '../src/facts/hashes.ts'
import { chainPrefix } from '../src/facts/ids.ts'
import { composeSession } from '../src/facts/session-line.ts'
import type { Message, Names, Seen, Session, Shape } from '../src/facts/types.ts'

const uuid = (n: number): string => `0190a6b2-3c4d-8e5f-8a7b-${String(n).padStart(12, '0')}`
const SALTS = ['abcdefghijklmnop', 'ABCDEFGHIJKLMNOP', '0123456789-_abcd'] as const
const HASH = 'qvTGHdzF6KLavt4PO0gs2a6pQ00pQ00pQ00pQ00pQ00'
const TIME = 1_700_000_000_000

export const session: Session = composeSession({
  space: uuid(1),
  authorId: uuid(2),
  sessionId: uuid(3),
  personalCommit: HASH,
  eid: uuid(4),
})
const newcomer = composeSession({ ...session.facts, eid: null })

const shape = (kind: Shape['kind'], ...regs: string[]): Shape => ({
  type: 'issue',
  kind,
  schemaVersion: 2,
  regs,
})
const NONE: Names = { canonical: [], own: [], others: [] }
const SEEN: Seen = { seq: 100, chain: chainPrefix(HASH), from: 7, except: [9], eid: uuid(4) }
const UNSEEN: Seen = { seq: 0, chain: '', from: 1, except: [], eid: null }
const UPDATE = shape('update', 'title')
const CREATE = shape('create', 'done', 'title')

interface Given {
  readonly name: string
  readonly session: Session
  readonly seen: Seen
  readonly messages: readonly Message[]
}

const given: readonly Given[] = [
  {
    name: 'one change of one register',
    session,
    seen: { ...SEEN, except: [] },
    messages: [
      {
        clientSeq: 12,
        time: TIME,
        salts: [SALTS[0]],
        changes: [
          {
            shape: UPDATE,
            entityId: uuid(17),
            parents: { ...NONE, canonical: [98] },
            values: ['a'],
          },
        ],
      },
    ],
  },
  {
    name: 'a store that has met no reviewer: a create, then a write on it named by number',
    session: newcomer,
    seen: UNSEEN,
    messages: [
      {
        clientSeq: 1,
        time: TIME,
        salts: [SALTS[0]],
        changes: [{ shape: CREATE, entityId: uuid(17), parents: NONE, values: [false, 'new'] }],
      },
      {
        clientSeq: 2,
        time: TIME - 250,
        salts: [SALTS[1]],
        changes: [
          {
            shape: UPDATE,
            entityId: uuid(17),
            parents: { ...NONE, own: [1] },
            values: ['newer'],
          },
        ],
      },
    ],
  },
  {
    name: 'two changes in one message, with expectations, on another lineage than the session line',
    session,
    seen: { ...SEEN, eid: uuid(5) },
    messages: [
      {
        clientSeq: 12,
        time: TIME,
        salts: SALTS,
        changes: [
          {
            shape: CREATE,
            entityId: uuid(18),
            parents: NONE,
            values: [true, { $unset: true }],
            sid: uuid(33),
          },
          {
            shape: UPDATE,
            entityId: uuid(17),
            parents: { ...NONE, canonical: [40] },
            values: ['b'],
          },
        ],
        expect: [
          { entityId: uuid(17) },
          {
            entityId: uuid(19),
            cut: 90,
            own: [{ sessionId: uuid(33), clientSeq: 4, from: 2, except: [3] }],
          },
        ],
      },
    ],
  },
  {
    name: 'every form of a name: canonical, own, another session; cut, own, keep',
    session,
    seen: SEEN,
    messages: [
      {
        clientSeq: 12,
        time: TIME,
        salts: [SALTS[0]],
        changes: [
          {
            shape: shape('update', 'done', 'title'),
            entityId: uuid(17),
            parents: {
              canonical: [40, 50],
              own: [8],
              others: [{ sessionId: uuid(33), clientSeq: 5, from: 2, except: [3, 4] }],
            },
            values: [true, 'c'],
            keep: [
              { reg: 'done', names: { ...NONE, canonical: [50] } },
              {
                reg: 'title',
                names: {
                  canonical: [],
                  own: [8],
                  others: [{ sessionId: uuid(34), clientSeq: 8, from: 8, except: [] }],
                },
              },
            ],
            cut: 50,
            own: [{ sessionId: uuid(34), clientSeq: 8, from: 6, except: [] }],
          },
        ],
      },
    ],
  },
  {
    name: 'values: every script, line separators, escapes, numbers, keys out of order',
    session,
    seen: { ...SEEN, except: [] },
    messages: [
      {
        clientSeq: 12,
        time: TIME,
        salts: [SALTS[0]],
        changes: [
          {
            shape: shape('update', 'заголовок', '標題'),
            entityId: uuid(17),
            parents: { ...NONE, canonical: [98] },
            values: [
              '\u2028\u2029\u0000\n"\\/é ש ह 中 😀',
              {
                b: [1e21, 5e-324, 0.1, -1, 0],
                a: null,
                '😀': { '\ufb33': true },
                '\r': 'CR',
              },
            ],
          },
        ],
      },
    ],
  },
]

/** Texts that are refused, by what is wrong with them. */
function refused(text: string): readonly { name: string; text: string }[] {
  return [
    { name: 'a space after a comma', text: text.replace(',', ', ') },
    { name: 'an exponent', text: text.replace('1700000000000', '17e11') },
    { name: 'an escape that is not needed', text: text.replace('title', '\\u0074itle') },
    { name: 'a line feed at the end', text: `${text}\n` },
    { name: 'a carriage return', text: text.replace('\n', '\r\n') },
    { name: 'a name of what was not seen', text: text.replace('[2]', '[-1000]') },
    { name: 'a shape that nothing uses', text: text.replace(']]],', ']],["issue",1,3,["a"]]],') },
    { name: 'a salt of 64 bits', text: text.replace(SALTS[0], SALTS[0].slice(0, 11)) },
  ]
}

function vector({ name, session: of, seen, messages }: Given): Json {
  const composed = composeFlush(of, { seen, messages })
  if (!composed.ok) throw new Error(`${name}: ${composed.error.message}`)
  const { text, hashes, ids } = composed.value
  const means: unknown = { session: of.facts, seen, messages }
  return {
    name,
    means: JSON.parse(JSON.stringify(means)) as Json,
    session: of.line,
    text: textOfFlush(text),
    hashes: { session: hashes.session, head: hashes.head, lines: hashes.lines },
    ids,
    seal: toHex(sealBytes(hashes)),
  }
}

export function flushVectors(): Json {
  const read = given.map(vector)
  const plain = (read[0] as { readonly text: string }).text
  for (const { name, text } of refused(plain))
    if (readFlush(session, text).ok) throw new Error(`${name}: not refused`)
  return { read, refused: refused(plain).map((item) => ({ ...item, session: session.line })) }
}
