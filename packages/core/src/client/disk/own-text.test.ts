/**
 * The record of a sealed flush in the storage: it is read back as it was written, and where it is
 * damaged, each message is saved that is still what its author wrote.
 */
import { describe, expect, test, vi } from 'vitest'
import type { Json } from '../../base/json.ts'
import type { Uuid } from '../../base/uuid.ts'
import { FACT_BOUNDS } from '../../facts/bounds.ts'
import { authoredIn, composeFlush, textOfFlush } from '../../facts/flush.ts'
import { RandomFlush } from '../../facts/random-flush.ts'
import type { AuthoredMessage, Message } from '../../facts/types.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import { damaged, some } from '../../wire/odd-texts.ts'
import { readStoredBases } from './drafts.ts'
import { type OwnMessageFacts, ownText, readOwnText, salvagedFrom } from './own-text.ts'

vi.setConfig({ testTimeout: 60_000 })

const seeds = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i + 1)

interface Made {
  readonly stored: string
  readonly text: string
  readonly ids: readonly Uuid[]
  readonly messages: readonly AuthoredMessage[]
  readonly bases: readonly Json[]
  readonly reading: Parameters<typeof readOwnText>[1]
  /** Numbers of the lines of each message in the record, counted from 0. */
  readonly linesOf: readonly (readonly number[])[]
}

function made(seed: number, count = 2 + (seed % 4)): Made {
  const random = new RandomFlush(new SeededRandom(seed))
  const { session, seen } = random
  const flush = composeFlush(session, { seen, messages: random.messages(count) })
  if (!flush.ok) throw new Error(flush.error.message)
  const messages = authoredIn(flush.value, session)
  const bases = messages.map((_, i): Json => (i % 2 === 0 ? 0 : [{ title: [1, 'a'] }]))
  const kept = messages.map((message, i) => keptOf(message, bases[i]!))
  const text = `${session.line}\n${textOfFlush(flush.value.text)}`
  let line = 3 // after the first line, the session line and the head line
  const linesOf = kept.map(({ lines }) => Array.from({ length: lines }, () => line++))
  return {
    stored: ownText({ text, sig: 'sig' }, kept),
    ...{ text, ids: flush.value.ids, messages, bases, linesOf },
    reading: { space: session.facts.space, bounds: FACT_BOUNDS },
  }
}

function keptOf(message: Message, bases: Json): OwnMessageFacts {
  const entities = message.changes.map(({ entityId }) => entityId)
  const expects = (message.expect ?? []).map(({ entityId }) => entityId)
  return { bases, lines: message.salts.length, entities, expects }
}

/** As it is saved from a record that cannot be read whole: its full hash is not known. */
const withoutHash = (message: AuthoredMessage): AuthoredMessage => ({ ...message, hash: '' })

/** The record with something else in one of its lines. */
function withLine(stored: string, at: number, edit: (line: string) => string): string {
  const lines = stored.split('\n')
  return lines.with(at, edit(lines[at]!)).join('\n')
}

const DAMAGES: readonly (readonly [string, (line: string) => string])[] = [
  ['nothing', () => ''],
  ['half of it', (line) => line.slice(0, line.length / 2)],
  [
    'another digit',
    (line) => line.replace(/\d(?=[^\d]*$)/, (digit) => (digit === '1' ? '2' : '1')),
  ],
  [
    'another salt',
    (line) => line.replace(/"(.)([\w-]{15})"/, (_, a, b) => `"${a === 'A' ? 'B' : 'A'}${b}"`),
  ],
  ['zeros', (line) => '\u0000'.repeat(line.length)],
  [
    'a line of somebody else',
    () => '[1,0,[[0,"AAAAAAAAgAAAAAAAAAAAAA",[],["x"]]],"AAAAAAAAAAAAAAAA"]',
  ],
]

describe('a sound record', () => {
  test('§6 records: is read back as it was written', () => {
    for (const seed of seeds(60)) {
      const { stored, text, messages, bases, reading, ids } = made(seed)
      expect(readOwnText(stored, reading), `seed ${seed}`).toEqual({
        ...{ sig: 'sig', bases, text, messages },
      })
      expect(salvagedFrom(stored, ids, reading)).toEqual(messages)
    }
  })

  test('§6 records: of another space it is none', () => {
    const { stored, reading, ids } = made(1)
    const other = { ...reading, space: ids[0]! }
    expect(readOwnText(stored, other)).toBeUndefined()
    expect(salvagedFrom(stored, ids, other)).toEqual([])
  })

  test('§6 records: bases that are damaged are left out, and the messages stay', () => {
    const { stored, reading, messages } = made(2)
    const record = readOwnText(stored.replaceAll('[1,"a"]', '[-1,"a"]'), reading)
    expect(record?.messages).toEqual(messages)
    expect(record?.bases.map((packed) => readStoredBases(packed, 1))).toEqual(
      messages.map(() => undefined),
    )
  })
})

describe('a damaged record', () => {
  test.each(DAMAGES)(
    '§6 salvage: %s in the place of a line costs its own message, and no other',
    (_, edit) => {
      const saved = { all: 0, afterwards: 0 }
      for (const seed of seeds(40)) {
        const { stored, ids, messages, reading, linesOf } = made(seed)
        for (const [i, line] of linesOf.flatMap((lines, no) =>
          lines.map((at) => [no, at] as const),
        )) {
          const broken = withLine(stored, line, edit)
          if (broken === stored) continue
          const expected = messages.flatMap((_, no) => (no === i ? [] : [no]))
          const found = salvagedFrom(broken, ids, reading)
          expect(found, `seed ${seed}, line ${line}`).toEqual(
            expected.map((no) => withoutHash(messages[no]!)),
          )
          saved.all += found.length
          saved.afterwards += expected.filter((no) => no > i).length
        }
      }
      expect(saved.all).toBeGreaterThan(100)
      expect(saved.afterwards).toBeGreaterThan(30)
    },
  )

  test('§6 salvage: messages that name their entities themselves are all saved but the damaged one', () => {
    const random = new RandomFlush(new SeededRandom(5))
    const { session } = random
    const seen = { seq: 0, chain: '', from: 1, except: [], eid: null }
    const parents = { canonical: [], own: [], others: [] }
    const shape = { type: 'issue', kind: 'create', schemaVersion: 1, regs: ['n'] } as const
    const content = [1, 2, 3].map((clientSeq) => ({
      ...{ clientSeq, time: 5, salts: [random.salt()] },
      changes: [{ shape, entityId: random.uuid(), parents, values: [clientSeq] }],
    }))
    const flush = composeFlush(session, { seen, messages: content })
    if (!flush.ok) throw new Error(flush.error.message)
    const { ids } = flush.value
    const text = `${session.line}\n${textOfFlush(flush.value.text)}`
    const kept = content.map((message) => keptOf(message, 0))
    const stored = ownText({ text, sig: 'sig' }, kept)
    const reading = { space: session.facts.space, bounds: FACT_BOUNDS }
    for (const [i, id] of ids.entries())
      for (const [what, edit] of DAMAGES) {
        const saved = salvagedFrom(withLine(stored, 3 + i, edit), ids, reading)
        expect(
          saved.map((message) => message.id),
          what,
        ).toEqual(ids.filter((other) => other !== id))
      }
  })

  test('§6 salvage: a damaged first line costs nothing, as ids are hashes', () => {
    for (const seed of seeds(40)) {
      const { stored, ids, messages, reading } = made(seed)
      for (const first of [
        '',
        'null',
        '[]',
        '{}',
        '["sig",[],[]]',
        '["sig"',
        '\u0000',
        '[1,2,3]',
      ]) {
        const broken = withLine(stored, 0, () => first)
        expect(salvagedFrom(broken, ids, reading), `seed ${seed} ${first}`).toEqual(messages)
        if (first !== '["sig",[],[]]') expect(readOwnText(broken, reading)).toBeUndefined()
      }
    }
  })

  test('§6 salvage: without the session line or the head, nothing of it is what its author wrote', () => {
    for (const seed of seeds(20)) {
      const { stored, ids, reading } = made(seed)
      for (const at of [1, 2])
        for (const line of ['', 'null', '[]', '\u0000'])
          expect(
            salvagedFrom(
              withLine(stored, at, () => line),
              ids,
              reading,
            ),
          ).toEqual([])
    }
  })

  test('§6 salvage: ids that are not those of the record are not found in it', () => {
    const { stored, ids, messages, reading } = made(3)
    const others = ids.map((_, i) => made(40 + i).ids[0]!)
    expect(salvagedFrom(stored, [ids[0]!, others[0]!], reading)).toEqual([messages[0]!])
  })

  test('T11 a record with any replaced part is read or rejected', () => {
    for (const seed of [1, 2, 3]) {
      const { stored, ids, reading, messages } = made(seed, 3)
      for (const broken of some(damaged(stored), 3, seed)) {
        const record = readOwnText(broken, reading)
        if (record) expect(record.messages.length).toBeGreaterThan(0)
        const saved = salvagedFrom(broken, ids, reading)
        expect(saved.every(({ id }) => ids.includes(id))).toBe(true)
        expect(saved.length).toBeLessThanOrEqual(messages.length)
      }
    }
  })
})
