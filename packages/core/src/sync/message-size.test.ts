/** The size of a message before its text is made, against the text that is made of it. */
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { type Json, jsonBytes } from '../base/json.ts'
import { composeFlush } from '../facts/flush.ts'
import { composeSession } from '../facts/session-line.ts'
import { Entry, Write } from '../history/entry.ts'
import { NO_NAMES } from '../history/names.ts'
import { RandomEntries, type RandomEntry } from '../history/random-entry.ts'
import { drawSalts, toMessage } from '../history/to-message.ts'
import { RegisterTable } from '../schema/registers.ts'
import { SeededRandom } from '../testing/seeded-random.ts'
import { messageBytes, messageBytesAtMost } from './message-size.ts'

vi.setConfig({ testTimeout: 60_000 })

const MINTED = '0190a6b2-3c4d-8e5f-8a7b-000000000001'

/** UTF-8 bytes of head and lines of a flush of that message alone. */
function realBytes(
  { entry, minted }: Pick<RandomEntry, 'entry' | 'minted'>,
  eid: string | null,
): number {
  const message = toMessage(entry, drawSalts(entry, new SeededRandom(1)), (id) => minted.get(id))
  const { authorId, sessionId } = entry.session
  const facts = { space: MINTED, authorId, sessionId, personalCommit: 'A'.repeat(43), eid }
  const flush = composeFlush(composeSession(facts), { seen: entry.seen!, messages: [message] })
  if (!flush.ok) throw new Error(flush.error.message)
  return flush.value.bytes
}

/** What is added to the real bytes where numbers have one digit, and absent parts are left out. */
function spareOf({ writes, expect: expected = [], seen }: Entry): number {
  const numbers = (lists: readonly (readonly unknown[])[]): number =>
    lists.reduce((sum, list) => sum + list.length, 0)
  let spare = 220 + 18 * numbers([seen!.except])
  for (const { own = [] } of expected) spare += 60 + spansSpare(own)
  for (const { own = [], parents, keep, regs } of writes) {
    spare += 220 + regs.names.length + 18 * parents.length + spansSpare(own)
    for (const names of keep?.values() ?? [])
      if ('own' in names) spare += 24 + 70 * numbers([names.canonical, names.own, names.others])
  }
  return spare
}

function spansSpare(own: readonly { readonly except: readonly number[] }[]): number {
  return own.reduce((sum, { except }) => sum + 70 + 18 * except.length, 0)
}

test('§20 sizes: a message is never larger than it was taken for, and hardly smaller', () => {
  for (let seed = 1; seed <= 1_500; seed++) {
    const made = new RandomEntries(new SeededRandom(seed)).next()
    const { entry, minted } = made
    const of = { expect: entry.expect, seen: entry.seen }
    const bytes = messageBytes(entry.writes, { ...of, minted: (id) => minted.has(id) })
    for (const eid of [entry.seen!.eid, null]) {
      const real = realBytes(made, eid)
      expect(bytes, `seed ${seed}`).toBeGreaterThanOrEqual(real)
      expect(bytes, `seed ${seed}`).toBeLessThan(real + spareOf(entry))
    }
    expect(messageBytesAtMost(entry.writes, of), `seed ${seed}`).toBeGreaterThanOrEqual(bytes)
  }
})

const UNITS = ['a', 'é', 'я', '汉', '🙂', '"', '\\', '\n', '\u0001', '\u2028']
const value: fc.Arbitrary<Json> = fc.oneof(
  fc.array(fc.constantFrom(...UNITS), { maxLength: 40 }).map((units) => units.join('')),
  fc.constantFrom<Json>(1e20, 1e-7, -1.5, 0, true, null, [], [1e20, 'я'], { я: [{ n: 1 }] }),
  fc.constantFrom<Json>({ $unset: true }, { $op: ['counter', -3] }, Number.MIN_VALUE),
)
const shape = fc.record({
  type: fc.constantFrom('issue', 'note'),
  kind: fc.constantFrom('create' as const, 'update' as const),
  version: fc.constantFrom(1, 1_000_000),
  values: fc.dictionary(fc.constantFrom('title', 'notes', 'поле', 'n"'), value, { minKeys: 1 }),
  isMinted: fc.boolean(),
})

test('§20 sizes: of many changes, of few shapes and of many', () => {
  const table = new RegisterTable()
  const session = { authorId: MINTED, sessionId: MINTED.replace(/1$/, '2') }
  const root = new Entry({ session, clientSeq: 1, timestamp: 0, arrival: 0 })
  const place = { index: 0, type: 'issue', kind: 'create', version: 1 } as const
  const parent = new Write(root, { ...place, entityId: MINTED, regs: table.set(['n']) }, { n: 1 })
  fc.assert(
    fc.property(fc.array(shape, { minLength: 1, maxLength: 40 }), (shapes) => {
      const seen = { eid: null, seq: 0, chain: '', from: 1, except: [] }
      const entry = new Entry({ session, clientSeq: 2, timestamp: 0, arrival: 1, seen })
      const minted = new Map<string, string>()
      for (const [index, { type, kind, version, values, isMinted }] of shapes.entries()) {
        const entityId = `0190a6b2-3c4d-8e5f-8a7b-${String(index + 100).padStart(12, '0')}`
        const regs = table.set(Object.keys(values).sort())
        const parents = kind === 'create' ? [] : [parent]
        const facts = { index, type, kind, version, entityId, regs, parents }
        const write = new Write(entry, facts, values)
        if (kind === 'update') write.named = { ...NO_NAMES, own: [1] }
        if (kind === 'create' && isMinted) minted.set(entityId, MINTED)
        entry.writes.push(write)
      }
      const bytes = messageBytes(entry.writes, { seen, minted: (id) => minted.has(id) })
      const real = realBytes({ entry, minted }, null)
      expect(bytes).toBeGreaterThanOrEqual(real)
      expect(bytes).toBeLessThan(real + spareOf(entry))
      expect(messageBytesAtMost(entry.writes, { seen })).toBeGreaterThanOrEqual(bytes)
    }),
    { numRuns: 300 },
  )
})

test('§20 sizes: a message of large values is taken for what they are', () => {
  const table = new RegisterTable()
  const session = { authorId: MINTED, sessionId: MINTED }
  const large = 'я'.repeat(30_000)
  const seen = { eid: null, seq: 0, chain: '', from: 1, except: [] }
  const entry = new Entry({ session, clientSeq: 1, timestamp: 0, arrival: 0, seen })
  const facts = { index: 0, type: 'issue', kind: 'create', version: 1, entityId: MINTED } as const
  entry.writes.push(new Write(entry, { ...facts, regs: table.set(['n']) }, { n: large }))
  const bytes = messageBytes(entry.writes, entry)
  expect(bytes).toBeGreaterThan(jsonBytes(large))
  expect(bytes).toBeLessThan(jsonBytes(large) + 512)
})
