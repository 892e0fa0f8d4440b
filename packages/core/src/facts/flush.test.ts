/**
 * Tests the texts of a flush: a composed text is parsed to the same values, text and values are one
 * to one, damage is rejected or yields another id, and no text makes the reader throw.
 */
import { createHash } from 'node:crypto'
import { sha256 } from '@noble/hashes/sha2.js'
import { afterEach, expect, test, vi } from 'vitest'
import { toBase64url } from '../base/bytes.ts'
import { canonical } from '../base/canonical.ts'
import { bytesOfHash, setSha256 } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import { uuid8 } from '../base/uuid.ts'
import { SeededRandom } from '../testing/seeded-random.ts'
import { FACT_BOUNDS } from './bounds.ts'
import { composeFlush, readFlush, textOfFlush } from './flush.ts'
import { FlushWriter } from './flush-writer.ts'
import { sealBytes } from './hashes.ts'
import { RandomFlush } from './random-flush.ts'
import { composeSession, readSession } from './session-line.ts'
import type { Change, Flush, Message, Names, Seen, SessionFacts, Shape } from './types.ts'

vi.setConfig({ testTimeout: 60_000 })

const sha = (text: string): string => createHash('sha256').update(text).digest('base64url')
const portable = (text: string): string => toBase64url(sha256(Buffer.from(text, 'utf8')))

afterEach(() => setSha256(portable))

interface Made {
  readonly random: RandomFlush
  readonly flush: Flush
  readonly text: string
}

function made(seed: number, count = 1 + (seed % 5)): Made {
  const random = new RandomFlush(new SeededRandom(seed))
  const { seen, session } = random
  const composed = composeFlush(session, { seen, messages: random.messages(count) })
  if (!composed.ok) throw new Error(`seed ${seed}: ${composed.error.message}`)
  return { random, flush: composed.value, text: textOfFlush(composed.value.text) }
}

const seeds = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i + 1)

test('FACT1 FACT6 a flush of random data is read back the same, in every script', () => {
  for (const seed of seeds(200)) {
    const { random, flush, text } = made(seed)
    const read = readFlush(random.session, text)
    expect(read, `seed ${seed}`).toEqual({ ok: true, value: flush })
    expect(Buffer.byteLength(`${text}\n`)).toBe(flush.bytes)
  }
})

test('FACT3 a session line is read back the same', () => {
  for (const seed of seeds(50)) {
    const { session } = new RandomFlush(new SeededRandom(seed))
    expect(readSession(session.line)).toEqual({ ok: true, value: session })
    expect(composeSession(session.facts)).toEqual(session)
  }
})

test('FACT12 FACT13 hashes, ids and seal are those of the definition', () => {
  for (const seed of seeds(40)) {
    const { random, flush } = made(seed)
    expect(random.session.hash).toBe(sha(`cs/session\n${random.session.line}`))
    const head = sha(`cs/head\n${random.session.hash}${flush.text.head}`)
    let before = ''
    const hashes = flush.text.lines.map(
      (line) => (before = sha(`cs/line\n${head}${before}${line}`)),
    )
    expect(flush.hashes).toEqual({ session: random.session.hash, head, lines: hashes })
    const last = flush.messages.map((_, i) =>
      flush.messages.slice(0, i + 1).reduce((sum, { salts }) => sum + salts.length, -1),
    )
    expect(flush.ids).toEqual(last.map((line) => uuid8(bytesOfHash(hashes[line]!))))
    const seal = createHash('sha256').update(`cs/seal\0${JSON.stringify([head, ...hashes])}`)
    expect(Buffer.from(sealBytes(flush.hashes)).equals(seal.digest())).toBe(true)
  }
})

test('FACT12 the id covers every part of a message, its head and its session', () => {
  const uuid = (n: number): string => `0190a6b2-3c4d-8e5f-8a7b-${String(n).padStart(12, '0')}`
  const chain = 'A'.repeat(22)
  const facts = {
    ...{ space: uuid(1), authorId: uuid(2), sessionId: uuid(3) },
    ...{ personalCommit: 'A'.repeat(43), eid: uuid(4) },
  }
  const seen: Seen = { seq: 9, chain, from: 1, except: [], eid: uuid(4) }
  const shape: Shape = { type: 'issue', kind: 'update', schemaVersion: 1, regs: ['a', 'b'] }
  const one = { sessionId: uuid(5), clientSeq: 4, from: 4, except: [] }
  const span = { ...one, from: 1, except: [2] }
  const parents: Names = { canonical: [3], own: [2], others: [span] }
  const kept = { reg: 'a', names: { canonical: [3], own: [], others: [] } }
  const own = [{ ...span, sessionId: uuid(6) }]
  const change: Change = {
    ...{ shape, entityId: uuid(7), parents, values: [1, 2], keep: [kept] },
    ...{ cut: 5, own },
  }
  const create: Change = {
    shape: { ...shape, kind: 'create' },
    entityId: uuid(7),
    parents: { canonical: [], own: [], others: [] },
    values: [1, 2],
  }
  const expected = [{ entityId: uuid(8), cut: 4, own }]
  const message: Message = {
    ...{ clientSeq: 6, time: 5, changes: [change], salts: ['A'.repeat(16)] },
    expect: expected,
  }
  const idOf = (
    given: Message,
    { of = {}, saw = {} }: { of?: Partial<SessionFacts>; saw?: Partial<Seen> } = {},
  ): string => {
    const content = { seen: { ...seen, ...saw }, messages: [given] }
    const flush = composeFlush(composeSession({ ...facts, ...of }), content)
    if (!flush.ok) throw new Error(flush.error.message)
    return flush.value.ids[0]!
  }
  const { expect: _, ...expectsNothing } = message
  const messages: readonly Message[] = [
    { ...message, clientSeq: 7 },
    { ...message, time: 6 },
    { ...message, salts: [`${'A'.repeat(15)}B`] },
    expectsNothing,
    ...[{ entityId: uuid(9) }, { cut: 3 }, { own: [{ ...span, from: 2, except: [] }] }].map(
      (part) => ({ ...message, expect: [{ ...expected[0]!, ...part }] }),
    ),
    { ...message, expect: [...expected, { entityId: uuid(9) }] },
    { ...message, changes: [create] },
    { ...message, changes: [{ ...create, sid: uuid(9) }] },
  ]
  const { keep: __, ...keepsNothing } = change
  const changes: readonly Change[] = [
    { ...change, shape: { ...shape, type: 'note' } },
    { ...change, shape: { ...shape, schemaVersion: 2 } },
    { ...change, shape: { ...shape, regs: ['a', 'c'] } },
    { ...change, entityId: uuid(9) },
    { ...change, values: [1, 3] },
    { ...change, cut: 4 },
    { ...change, own: [{ ...own[0]!, clientSeq: 5 }] },
    { ...change, own: [{ ...own[0]!, except: [3] }] },
    { ...change, own: [...own, { ...one, sessionId: uuid(9) }] },
    keepsNothing,
    { ...change, keep: [{ ...kept, reg: 'b' }] },
    { ...change, keep: [{ ...kept, names: { ...kept.names, canonical: [2] } }] },
    { ...change, keep: [{ ...kept, names: { ...kept.names, own: [2] } }] },
    { ...change, keep: [{ ...kept, names: { ...kept.names, others: [one] } }] },
    ...[
      { canonical: [] },
      { canonical: [2, 3] },
      { own: [3] },
      { others: [] },
      { others: [{ ...span, clientSeq: 5 }] },
      { others: [{ ...span, from: 2, except: [] }] },
      { others: [{ ...span, except: [3] }] },
    ].map((part) => ({ ...change, parents: { ...parents, ...part } })),
  ]
  const ids = [
    idOf(message),
    ...messages.map((other) => idOf(other)),
    ...changes.map((other) => idOf({ ...message, changes: [other] })),
    ...(['space', 'authorId', 'sessionId', 'eid'] as const).map((part) =>
      idOf(message, { of: { [part]: uuid(9) } }),
    ),
    idOf(message, { of: { personalCommit: `B${'A'.repeat(42)}` } }),
    idOf(message, { of: { eid: null } }),
    idOf(message, { saw: { eid: uuid(9) } }),
    idOf(message, { saw: { seq: 10 } }),
    idOf(message, { saw: { chain: `B${chain.slice(1)}` } }),
    idOf(message, { saw: { from: 2 } }),
    idOf(message, { saw: { except: [3] } }),
  ]
  expect(new Set(ids).size).toBe(ids.length)
})

test('FACT12 ids are the same under the SHA-256 of the platform', () => {
  const before = seeds(10).map((seed) => made(seed).flush)
  let calls = 0
  setSha256((text) => {
    calls++
    return sha(text)
  })
  const after = seeds(10).map((seed) => made(seed).flush)
  setSha256(portable)
  expect(after).toEqual(before)
  expect(calls).toBeGreaterThan(20)
})

test('FACT9 FACT10 FACT11 one text for every order of names that its writer gives', () => {
  const turned = <T>(list: readonly T[]): T[] => list.toReversed()
  const names = ({ canonical: seqs, own, others }: Names): Names => ({
    canonical: turned(seqs),
    own: turned(own),
    others: turned(others),
  })
  for (const seed of seeds(100)) {
    const { random, flush } = made(seed)
    const messages = flush.messages.map((message) => ({
      ...message,
      ...(message.expect && {
        expect: turned(message.expect).map((each) => ({
          ...each,
          ...(each.own && { own: turned(each.own) }),
        })),
      }),
      changes: message.changes.map((change) => ({
        ...change,
        parents: names(change.parents),
        ...(change.own && { own: turned(change.own) }),
        ...(change.keep && {
          keep: turned(change.keep).map((kept) => ({ ...kept, names: names(kept.names) })),
        }),
      })),
    }))
    const again = composeFlush(random.session, { seen: random.seen, messages })
    expect(again.ok && again.value.text, `seed ${seed}`).toEqual(flush.text)
  }
})

test('FACT15 every character of a text, exchanged, removed or doubled, is refused or yields another id', () => {
  for (const seed of [2, 16]) {
    const { random, flush, text } = made(seed)
    for (let at = 0; at < text.length; at++) {
      const digit = text[at] === '1' ? '2' : '1'
      const others = ['', text[at]! + text[at]!, '\n', ' ', '\ud800', '"', ']']
      for (const other of [digit, others[at % others.length]!]) {
        const broken = text.slice(0, at) + other + text.slice(at + 1)
        if (broken === text) continue
        const read = readFlush(random.session, broken)
        if (read.ok) expect(read.value.ids.at(-1), `${at} ${other}`).not.toBe(flush.ids.at(-1))
      }
    }
  }
})

test('FACT15 every character of a session line, exchanged, is refused or yields another hash', () => {
  const { session } = new RandomFlush(new SeededRandom(1))
  for (let at = 0; at < session.line.length; at++) {
    for (const other of ['1', 'B', '', '\n', ',']) {
      const broken = session.line.slice(0, at) + other + session.line.slice(at + 1)
      const read = readSession(broken)
      if (read.ok && broken !== session.line) expect(read.value.hash).not.toBe(session.hash)
    }
  }
})

/** Replaces one part of a parsed line. */
function mutated(random: RandomFlush, value: unknown): Json {
  if (!Array.isArray(value) || value.length === 0 || random.int(6) === 0) return junk(random, value)
  const list = [...(value as Json[])]
  const at = random.int(list.length)
  const way = random.int(8)
  if (way === 0) list.splice(at, 1)
  else if (way === 1) list.push(junk(random, list[at]))
  else list[at] = mutated(random, list[at])
  return list
}

function junk(random: RandomFlush, value: unknown): Json {
  if (typeof value === 'number' && random.int(2) === 0)
    return value + random.pick([-1, 1, 2, 0.5, -value, -2 * value])
  const makers: readonly (() => Json)[] = [
    () => random.value(),
    () => random.uuid(),
    () => random.salt(),
    () => [],
    () => [0],
    () => null,
    () => -1,
    () => ({ toString: 1, toJSON: 2, length: 3 }),
  ]
  return random.pick(makers)()
}

test('FACT15 a parsed text equals the one composed of its values: one text for one meaning', () => {
  let taken = 0
  for (const seed of seeds(800)) {
    const { random, text } = made(seed % 60 || 1)
    const chance = new RandomFlush(new SeededRandom(seed))
    const lines = text.split('\n')
    const at = chance.int(lines.length)
    lines[at] = canonical(mutated(chance, JSON.parse(lines[at]!)))
    const broken = lines.join('\n')
    const read = readFlush(random.session, broken)
    if (!read.ok) continue
    taken++
    const { head, messages } = read.value
    const again = composeFlush(random.session, { seen: head.seen, messages })
    expect(again, `seed ${seed}`).toEqual(read)
    expect(textOfFlush(read.value.text)).toBe(broken)
  }
  expect(taken).toBeGreaterThan(20)
})

test('FACT15 a session line that is read is what its facts compose to', () => {
  const { session } = new RandomFlush(new SeededRandom(9))
  for (const seed of seeds(300)) {
    const line = canonical(
      mutated(new RandomFlush(new SeededRandom(seed)), JSON.parse(session.line)),
    )
    const read = readSession(line)
    if (read.ok) expect(composeSession(read.value.facts)).toEqual({ ...read.value, line })
  }
})

test('FACT15 the reader never throws on garbage', () => {
  const { random, text } = made(5)
  const deep = '['.repeat(200_000)
  const texts = [
    '',
    '\n',
    '\n\n\n',
    'null',
    '{}',
    '[]',
    deep,
    `${deep}${']'.repeat(200_000)}`,
    `${text}\n`,
    `${text}\u2028`,
    `\ufeff${text}`,
    text.replace('\n', '\r\n'),
    text.replace('\n', '\u2028'),
    '{"__proto__":1}',
    '[0,[["__proto__",1,1,["constructor"]]],[0,"",1,[]]]',
  ]
  for (const broken of texts) expect(readFlush(random.session, broken).ok, broken).toBe(false)
  for (const seed of seeds(300)) {
    const chance = new RandomFlush(new SeededRandom(seed))
    expect(readFlush(random.session, chance.text(60)).ok).toBe(false)
    expect(readSession(chance.text(60)).ok).toBe(false)
  }
})

test('FACT14 bounds of 2 to 5: an appended message is parsed, and one more is flush_full', () => {
  for (const seed of seeds(60)) {
    const random = new RandomFlush(new SeededRandom(seed))
    const { session, seen } = random
    const bounds = { ...FACT_BOUNDS, flushMessagesMax: 2 + (seed % 4), messageChangesMax: 3 }
    const messages = random.messages(bounds.flushMessagesMax + 1)
    const opening = { session: session.facts, seen, baseTime: messages[0]!.time }
    const writer = new FlushWriter(opening, bounds)
    for (const message of messages.slice(0, -1)) expect(writer.append(message).ok).toBe(true)
    const full = writer.text
    expect(writer.append(messages.at(-1)!)).toMatchObject({ error: { code: 'flush_full' } })
    expect(writer.text).toEqual(full)
    const text = textOfFlush(full)
    expect(readFlush(session, text, bounds).ok, `seed ${seed}`).toBe(true)
    const lower = { ...bounds, flushMessagesMax: bounds.flushMessagesMax - 1 }
    expect(readFlush(session, text, lower)).toMatchObject({ error: { code: 'too_large' } })
  }
})

test('FACT14 bytes: a flush of several is bounded as a flush, a message alone as a message', () => {
  for (const seed of seeds(60)) {
    const random = new RandomFlush(new SeededRandom(seed))
    const { session, seen } = random
    const messages = random.messages(3)
    const whole = composeFlush(session, { seen, messages })
    if (!whole.ok) throw new Error(whole.error.message)
    const text = textOfFlush(whole.value.text)
    const exact = { ...FACT_BOUNDS, flushBytesMax: whole.value.bytes }
    expect(composeFlush(session, { seen, messages }, exact).ok).toBe(true)
    expect(readFlush(session, text, exact).ok).toBe(true)
    const less = { ...exact, flushBytesMax: whole.value.bytes - 1 }
    expect(composeFlush(session, { seen, messages }, less)).toMatchObject({
      error: { code: 'flush_full' },
    })
    expect(readFlush(session, text, less)).toMatchObject({ error: { code: 'too_large' } })

    const one = composeFlush(session, { seen, messages: messages.slice(0, 1) }, less)
    if (!one.ok) throw new Error(one.error.message)
    const small = { ...less, messageBytesMax: one.value.bytes - 1, flushBytesMax: 10 }
    const alone = { seen, messages: messages.slice(0, 1) }
    expect(composeFlush(session, alone, small)).toMatchObject({ error: { code: 'too_large' } })
    expect(readFlush(session, textOfFlush(one.value.text), small)).toMatchObject({
      error: { code: 'too_large' },
    })
    const fits = { ...small, messageBytesMax: one.value.bytes }
    expect(composeFlush(session, alone, fits)).toEqual(one)
    expect(readFlush(session, textOfFlush(one.value.text), fits)).toEqual(one)
  }
})

test('FACT14 a message that does not fit changes nothing: its names and shapes are removed', () => {
  for (const seed of seeds(60)) {
    const random = new RandomFlush(new SeededRandom(seed))
    const { session, seen } = random
    const messages = random.messages(4)
    const opening = { session: session.facts, seen, baseTime: messages[0]!.time }
    const plain = new FlushWriter(opening)
    const [first, large, next, last] = messages as [never, never, never, never]
    expect(plain.append(first).ok).toBe(true)
    const bounds = { ...FACT_BOUNDS, flushBytesMax: plain.bytes + 40 }
    const tight = new FlushWriter(opening, bounds)
    tight.append(first)
    expect(tight.append(large).ok).toBe(false)
    expect(tight.text).toEqual(plain.text)
    // With room again, as in a writer without the large message.
    const roomy = { ...bounds, flushBytesMax: FACT_BOUNDS.flushBytesMax }
    Object.assign(bounds, roomy)
    tight.append(next)
    plain.append(next)
    tight.append(last)
    plain.append(last)
    expect(tight.text, `seed ${seed}`).toEqual(plain.text)
  }
})
