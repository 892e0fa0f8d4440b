/**
 * Tests the text of a batch: a composed text is parsed to the same values; every form of it has the
 * same chain; and a change without the reviewer's key is rejected or changes the chain.
 */
import { createHash } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { canonical } from '../base/canonical.ts'
import type { Json } from '../base/json.ts'
import { composeFlush } from '../facts/flush.ts'
import { RandomFlush } from '../facts/random-flush.ts'
import { composeSession } from '../facts/session-line.ts'
import type { Flush, Message, Session } from '../facts/types.ts'
import { SeededRandom } from '../testing/seeded-random.ts'
import { BATCH_BOUNDS } from './bounds.ts'
import {
  type BatchDraft,
  type BatchForm,
  type ComposedBatch,
  composeBatch,
  textOfBatch,
} from './compose-batch.ts'
import { RandomBatches, someChain } from './random-batch.ts'
import { type BatchContext, chainOfBatch, readBatch, readLayout } from './read-batch.ts'
import type { Accepted, Batch, Review } from './types.ts'

vi.setConfig({ testTimeout: 60_000 })

const seeds = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i + 1)
const NOTHING = (): undefined => undefined

interface Made {
  readonly random: RandomBatches
  readonly draft: BatchDraft
  readonly batch: ComposedBatch
  /** The log's form: every line, every session line. */
  readonly text: string
  readonly context: BatchContext
}

function made(seed: number, fromSeq = 1 + (seed % 50)): Made {
  const random = new RandomBatches(new SeededRandom(seed))
  return composed(random, random.draft(fromSeq))
}

function composed(random: RandomBatches, draft: BatchDraft): Made {
  const before = { seq: draft.fromSeq - 1, chain: someChain(draft.fromSeq) }
  const batch = composeBatch(draft, before.chain)
  if (!batch.ok) throw new Error(batch.error.message)
  const context = { space: random.space, before, sessions: [], own: NOTHING }
  return { random, draft, batch: batch.value, text: formOf(batch.value, {}), context }
}

function formOf({ layout }: ComposedBatch, form: Partial<BatchForm>): string {
  const text = textOfBatch(layout, { sessionNo: NOTHING, ...form })
  if (!text.ok) throw new Error(text.error.message)
  return text.value
}

/** The number of lines of the messages of a flush up to this one. */
function linesUpTo({ messages }: Flush, message: number): number {
  return messages.slice(0, message + 1).reduce((sum, { salts }) => sum + salts.length, 0)
}

/** The accepted messages of a draft. */
function expected({ fromSeq, judged }: BatchDraft): readonly unknown[] {
  const accepted = judged.flatMap(({ session, flush, first, verdicts }) =>
    verdicts.flatMap(({ accepted: yes, review }, i) =>
      yes
        ? [
            {
              id: flush.ids[first + i],
              hash: flush.hashes.lines[linesUpTo(flush, first + i) - 1],
              session,
              seen: flush.head.seen,
              isOwn: false,
              message: flush.messages[first + i],
              review: review ?? null,
            },
          ]
        : [],
    ),
  )
  return accepted.map((item, i) => ({ seq: fromSeq + i, ...item }))
}

test('BATCH1 BATCH2 a batch of random flushes is read back the same', () => {
  for (const seed of seeds(40)) {
    const { draft, batch, text, context } = made(seed)
    const read = readBatch(text, context)
    expect(read, `seed ${seed}`).toMatchObject({
      ok: true,
      value: {
        fromSeq: draft.fromSeq,
        throughSeq: batch.throughSeq,
        at: draft.at,
        chain: batch.chain,
        newSessions: draft.judged.map(({ session }) => session),
      },
    })
    expect((read as { value: Batch }).value.accepted).toEqual(expected(draft))
  }
})

test('BATCH7 the chain is that of the definition', () => {
  const sha = (text: string): string => createHash('sha256').update(text).digest('base64url')
  for (const seed of seeds(30)) {
    const { draft, batch, text, context } = made(seed)
    const links = [context.before.chain, sha(`cs/first\n${text.split('\n')[0]}`)]
    const messages: string[] = []
    for (const { flush, first, end, verdicts } of draft.judged) {
      const starts = [0]
      for (const { salts } of flush.messages) starts.push(starts.at(-1)! + salts.length)
      links.push(flush.hashes.head, ...flush.hashes.lines.slice(starts[first], starts[end]))
      for (const [i, { accepted }] of verdicts.entries())
        if (accepted) messages.push(flush.hashes.lines[starts[first + i + 1]! - 1]!)
    }
    for (const { offset, place } of batch.layout.reviews)
      links.push(sha(`cs/review\n${messages[offset]}${place.line}`))
    expect(batch.chain).toBe(sha(`cs/chain\0${JSON.stringify(links)}`))
  }
})

test('BATCH3 sessions by number: those of before, and those of this batch', () => {
  for (const seed of seeds(40)) {
    const { draft, batch, context } = made(seed)
    const [known] = draft.judged.map(({ session }) => session) as [Session]
    const sessionNo = (session: Session): number | undefined =>
      session.hash === known.hash ? 0 : undefined
    const text = formOf(batch, { sessionNo })
    expect(text.split('\n')[1]).toBe('0')
    const read = readBatch(text, { ...context, sessions: [known] })
    expect(read).toMatchObject({ ok: true, value: { chain: batch.chain } })
    expect(readBatch(text, context).ok).toBe(false)
    // The same number with another session: another author, another chain.
    const stranger = new RandomFlush(
      new SeededRandom(seed + 1_000),
      draft.judged[0]!.session.facts.space,
    )
    const forged = chainOfBatch(text, { ...context, sessions: [stranger.session] })
    if (forged.ok) expect(forged.value).not.toBe(batch.chain)
  }
})

test('BATCH5 a flush judged in part: the rest continues from a hash and names earlier entities', () => {
  let cut = 0
  for (const seed of seeds(70)) {
    const { random, draft } = made(seed)
    const part = draft.judged.find(({ flush, end }) => end < flush.messages.length)
    if (!part) continue
    cut++
    const rest = composed(random, { ...draft, judged: [random.restOf(part, draft.fromSeq)] })
    expect(rest.batch.layout.first.flushes[0]!.hashBefore).not.toBe('')
    const read = readBatch(rest.text, rest.context)
    if (!read.ok) throw new Error(`seed ${seed}: ${read.error.message}`)
    expect(read.value.accepted).toEqual(expected(rest.draft))
  }
  expect(cut).toBeGreaterThan(10)
})

/** The batch as its author reads it: own messages are only marked as own. */
function readBy(session: Session, read: Batch): Batch {
  const isBy = (item: Accepted): boolean => item.session.hash === session.hash
  const accepted = read.accepted.map((item) =>
    isBy(item) ? { ...item, isOwn: true, message: null } : item,
  )
  return { ...read, accepted }
}

/** Own messages of one session, by hash. */
function ownOf({ judged }: BatchDraft, session: Session): (hash: string) => Message | undefined {
  const own = new Map<string, Message>()
  for (const { session: of, flush } of judged) {
    if (of.hash !== session.hash) continue
    let line = -1
    for (const message of flush.messages) {
      line += message.salts.length
      own.set(flush.hashes.lines[line]!, message)
    }
  }
  return (hash) => own.get(hash)
}

test('POS3, BATCH6 an author gets hashes in his places, and reads the same batch', () => {
  for (const seed of seeds(40)) {
    const { draft, batch, text, context } = made(seed)
    const author = draft.judged[0]!.session
    const hides = ({ session }: { readonly session: Session }): boolean =>
      session.hash === author.hash
    const short = formOf(batch, { hides })
    expect(short.length).toBeLessThan(text.length)
    const whole = readBatch(text, context)
    if (!whole.ok) throw new Error(whole.error.message)
    const own = ownOf(draft, author)
    expect(readBatch(short, { ...context, own })).toEqual({
      ok: true,
      value: readBy(author, whole.value),
    })
    // A reader that gets every line reads every line, own ones too.
    expect(readBatch(text, { ...context, own })).toEqual(whole)
    // Other readers reject a hash instead of a message.
    expect(readBatch(short, context)).toMatchObject({ error: { code: 'invalid' } })
    expect(chainOfBatch(short, context)).toEqual({ ok: true, value: batch.chain })
  }
})

test('BATCH6 any lines as hashes: the same chain for a reader without them', () => {
  for (const seed of seeds(40)) {
    const { batch, context } = made(seed)
    const chance = new RandomFlush(new SeededRandom(seed + 500))
    const text = formOf(batch, {
      hides: () => chance.int(2) === 0,
    })
    expect(chainOfBatch(text, context)).toEqual({ ok: true, value: batch.chain })
    // A form of a form, as a node makes it from its log.
    const layout = readLayout(text, [])
    if (!layout.ok) throw new Error(layout.error.message)
    const again = formOf({ ...batch, layout: layout.value }, { hides: () => true })
    expect(chainOfBatch(again, context)).toEqual({ ok: true, value: batch.chain })
    // The chain covers session and head even if every line is a hash.
    for (const at of [1, 2]) {
      const lines = again.split('\n')
      const other = new RandomFlush(new SeededRandom(seed + 900))
      lines[at] = at === 1 ? other.session.line : canonical([0, [], []])
      expect(chainOfBatch(lines.join('\n'), context)).not.toEqual({ ok: true, value: batch.chain })
    }
  }
})

test('BATCH9 a line replaced by its hash is refused; so is a line where nothing was accepted', () => {
  for (const seed of seeds(40)) {
    const { draft, batch, text, context } = made(seed)
    for (let seq = draft.fromSeq; seq <= batch.throughSeq; seq++) {
      const hidden = formOf(batch, { hides: (message, line) => message.seq === seq && line === 0 })
      expect(readBatch(hidden, context).ok).toBe(false)
    }
    const part = draft.judged.findIndex(({ verdicts }) => verdicts.some((v) => !v.accepted))
    if (part === -1) continue
    const { flush, first, verdicts } = draft.judged[part]!
    const message = first + verdicts.findIndex((v) => !v.accepted)
    const line = linesUpTo(flush, message - 1)
    const shown = text.replace(`"${flush.hashes.lines[line]}"`, () => flush.text.lines[line]!)
    expect(shown).not.toBe(text)
    expect(readBatch(shown, context).ok).toBe(false)
  }
})

test('BATCH1 BATCH9 another seq, another space, a review withheld from its message: refused', () => {
  for (const seed of seeds(30)) {
    const { draft, batch, text, context } = made(seed)
    const { before } = context
    for (const seq of [before.seq - 1, before.seq + 1])
      expect(readBatch(text, { ...context, before: { ...before, seq } }).ok).toBe(false)
    expect(readBatch(text, { ...context, space: draft.judged[0]!.session.facts.authorId }).ok).toBe(
      false,
    )
    if (batch.layout.reviews.length === 0) continue
    const reviews = batch.layout.reviews.map(({ offset, place: { hash } }) => ({
      ...{ offset, place: { hash }, review: null, values: [] },
    }))
    const withheld = formOf({ ...batch, layout: { ...batch.layout, reviews } }, {})
    expect(readBatch(withheld, context)).toMatchObject({ error: { code: 'invalid' } })
  }
})

test('BATCH9 half of a surrogate pair in the place of U+FFFD, which hashes the same, is refused', () => {
  let tried = 0
  for (const seed of seeds(60)) {
    const { text, context } = made(seed)
    if (!text.includes('\ufffd')) continue
    tried++
    const broken = text.replace('\ufffd', '\ud800')
    expect(chainOfBatch(broken, context)).toMatchObject({ error: { code: 'invalid' } })
    expect(readBatch(broken, context)).toMatchObject({ error: { code: 'invalid' } })
  }
  expect(tried).toBeGreaterThan(10)
})

test('BATCH9 a line of a change is not a message of its own', () => {
  let tried = 0
  for (const seed of seeds(60)) {
    const { batch, context } = made(seed)
    const { entry, places } = batch.layout.flushes[0]!
    const end = entry.taken.find((at) => JSON.parse(places[at]!.line!)[2][0] === 2)
    if (end === undefined) continue
    tried++
    const taken = [...entry.taken, end - 1].toSorted((a, b) => a - b)
    const lines = formOf(batch, {}).split('\n')
    lines[0] = edited(lines[0]!, (first) => {
      ;((first[3] as Json[])[0] as Json[])[1] = taken.length === places.length ? null : taken
    })
    const read = readBatch(lines.join('\n'), context)
    expect(read).toMatchObject({ error: { code: 'invalid' } })
  }
  expect(tried).toBeGreaterThan(3)
})

test('BATCH4 a review that does not fit to its message is refused', () => {
  const { draft, context } = made(3)
  const judgedWith = (review: Review): ReturnType<typeof readBatch> => {
    const judged = draft.judged.map((part) => ({
      ...part,
      verdicts: part.verdicts.map(({ accepted }) => ({ accepted, review })),
    }))
    return readBatch(composed(random, { ...draft, judged }).text, context)
  }
  const random = made(3).random
  const empty: Review = { bases: [], assigned: [], places: [], reads: [], salt: 'abcdefghijklmnop' }
  const at = { change: 0, reg: 0 }
  const fits = { ...empty, bases: [{ ...at, seq: null }] }
  expect(judgedWith(fits).ok).toBe(true)
  for (const bases of [
    [{ ...at, seq: 10_000 }],
    [{ ...at, reg: 99, seq: null }],
    [{ ...at, change: 99, seq: null }],
  ])
    expect(judgedWith({ ...empty, bases }).ok).toBe(false)
  expect(judgedWith({ ...empty, assigned: [{ change: 99, values: { n: 1 } }] }).ok).toBe(false)
})

test('BATCH9 every character of a batch, exchanged or removed, is refused or changes the chain', () => {
  for (const seed of [4]) {
    const { batch, text, context } = made(seed)
    for (let at = 0; at < text.length; at++) {
      const digit = text[at] === '1' ? '2' : '1'
      for (const other of [digit, ['', '\n', '"', '\ufffd', '\ud800', ']'][at % 6]!]) {
        const broken = text.slice(0, at) + other + text.slice(at + 1)
        if (broken === text) continue
        const read = readBatch(broken, context)
        if (read.ok) expect(read.value.chain, `${seed} at ${at}`).not.toBe(batch.chain)
        const chain = chainOfBatch(broken, context)
        if (chain.ok) expect(chain.value, `${seed} at ${at}`).not.toBe(batch.chain)
      }
    }
  }
})

/** A batch of two messages: the first is refused, the second is shown. What `forged` changes of it. */
function forgery(forge: {
  readonly session?: (session: Session) => Session
  readonly line?: (line: string, at: number) => string
}): { readonly chain: string; readonly forged: ReturnType<typeof readBatch> } {
  const random = new RandomFlush(new SeededRandom(7))
  const { session, seen } = random
  const messages = random.messages(2)
  const flush = composeFlush(session, { seen, messages })
  if (!flush.ok) throw new Error(flush.error.message)
  const salt = random.salt()
  const review = {
    bases: [{ change: 0, reg: 0, seq: null }],
    assigned: [],
    places: [],
    reads: [],
    salt,
  }
  const verdicts = [{ accepted: false }, { accepted: true, review }]
  const judged = [{ session, flush: flush.value, first: 0, end: 2, verdicts }]
  const batch = composeBatch({ fromSeq: 6, at: 0, judged }, someChain(1))
  if (!batch.ok) throw new Error(batch.error.message)
  const lines = formOf(batch.value, {}).split('\n')
  const changed = lines.map((line, at) => forge.line?.(line, at) ?? line)
  if (forge.session) changed[1] = forge.session(session).line
  const context: BatchContext = {
    space: session.facts.space,
    before: { seq: 5, chain: someChain(1) },
    sessions: [],
    own: NOTHING,
  }
  expect(readBatch(lines.join('\n'), context)).toMatchObject({
    value: { chain: batch.value.chain },
  })
  return { chain: batch.value.chain, forged: readBatch(changed.join('\n'), context) }
}

/** Lines of that batch: first, session, head, places…, review. */
const HEAD_AT = 2

function edited(line: string, edit: (list: Json[]) => void): string {
  const list = JSON.parse(line) as Json[]
  edit(list)
  return canonical(list)
}

const forgeries: readonly (readonly [string, Parameters<typeof forgery>[0]])[] = [
  [
    'another author',
    {
      session: ({ facts }) =>
        composeSession({ ...facts, authorId: '0190a6b2-3c4d-8e5f-8a7b-000000000009' }),
    },
  ],
  [
    'another author of the same shown line, after a hash',
    {
      session: ({ facts }) =>
        composeSession({ ...facts, sessionId: '0190a6b2-3c4d-8e5f-8a7b-000000000009' }),
    },
  ],
  [
    'another register in the head',
    {
      line: (line, at) =>
        at === HEAD_AT ? edited(line, (head) => head.splice(0, 1, (head[0] as number) + 1)) : line,
    },
  ],
  [
    'another seen in the head',
    {
      line: (line, at) =>
        at === HEAD_AT ? edited(line, (head) => (head[2] as Json[]).splice(2, 1, 1)) : line,
    },
  ],
  [
    'another time',
    {
      line: (line, at) => (at === 0 ? edited(line, (first) => first.splice(2, 1, 1)) : line),
    },
  ],
  [
    'another place accepted',
    {
      line: (line, at) =>
        at === 0
          ? edited(line, (first) => ((first[3] as Json[])[0] as Json[]).splice(1, 1, [0]))
          : line,
    },
  ],
  [
    'no review',
    {
      line: (line, at) => (at === 0 ? edited(line, (first) => first.pop()) : line),
    },
  ],
]

test.each(forgeries)('BATCH9 forged: %s', (_, forge) => {
  const { chain, forged } = forgery(forge)
  if (forged.ok) expect(forged.value.chain).not.toBe(chain)
})

test('BATCH9 forged: values, reviews, lines from nothing, in every batch', () => {
  for (const seed of seeds(10)) {
    const { batch, text, context } = made(seed)
    const lines = text.split('\n')
    const differs = (forged: readonly string[]): void => {
      if (forged.join('\n') === text) return
      const read = readBatch(forged.join('\n'), context)
      if (read.ok) expect(read.value.chain, `seed ${seed}`).not.toBe(batch.chain)
    }
    for (const [at, line] of lines.entries()) {
      // A line removed, repeated, swapped with the next one, replaced by another one.
      differs(lines.toSpliced(at, 1))
      differs(lines.toSpliced(at, 0, line))
      differs(lines.toSpliced(at, 2, lines[at + 1] ?? '', line))
      differs(lines.with(at, lines[(at * 7 + seed) % lines.length]!))
      const chance = new RandomFlush(new SeededRandom(seed * 100 + at))
      differs(lines.with(at, canonical([chance.value(), chance.salt()])))
    }
  }
})

test('BATCH10 bounds: messages of a batch, bytes of a batch, of a review and of its values', () => {
  for (const seed of seeds(40)) {
    const { draft, batch, text, context } = made(seed)
    const messages = batch.throughSeq - draft.fromSeq + 1
    const bytes = Buffer.byteLength(text)
    const exact = { ...BATCH_BOUNDS, batchMessagesMax: messages, batchBytesMax: bytes }
    expect(readBatch(text, { ...context, bounds: exact }).ok).toBe(true)
    for (const bounds of [
      { ...exact, batchMessagesMax: messages - 1 },
      { ...exact, batchBytesMax: bytes - 1 },
    ]) {
      const read = readBatch(text, { ...context, bounds })
      expect(read).toMatchObject({ error: { code: 'too_large' } })
    }
    const form = { sessionNo: NOTHING }
    expect(textOfBatch(batch.layout, form, exact)).toEqual({ ok: true, value: text })
    expect(textOfBatch(batch.layout, form, { ...exact, batchBytesMax: bytes - 1 })).toMatchObject({
      error: { code: 'too_large' },
    })
    for (const { place, values } of batch.layout.reviews) {
      const valueBytes = values.reduce((sum, { line }) => sum + Buffer.byteLength(line!) + 1, 0)
      const tight = [
        { ...BATCH_BOUNDS, basesBytesMax: valueBytes - 1 },
        { ...BATCH_BOUNDS, reviewBytesMax: valueBytes + Buffer.byteLength(place.line!) },
      ].slice(valueBytes === 0 ? 1 : 0)
      for (const bounds of tight) {
        const refused = { error: { code: 'too_large' } }
        expect(composeBatch(draft, context.before.chain, bounds)).toMatchObject(refused)
        expect(readBatch(text, { ...context, bounds })).toMatchObject(refused)
      }
    }
  }
})

test('BATCH9 the reader never throws on garbage', () => {
  const { text, context } = made(4)
  const [first = ''] = text.split('\n')
  for (const broken of [
    '',
    '\n',
    'null',
    '["batch"]',
    '["batch",1,0,[[1]]]',
    '["batch",1,0,[[9007199254740991]]]',
    '["batch",1,0,[null]]',
    '["batch",1,0,[[1,null,null,[1,"x"]]]]\n0',
    first,
    `${first}\n0`,
    `${text}\n`,
    text.replaceAll('\n', '\r\n'),
  ]) {
    expect(readBatch(broken, context).ok, broken).toBe(false)
    expect(chainOfBatch(broken, context).ok, broken).toBe(false)
  }
})
