/**
 * Tests the messages of the history of one entity: extracted from any batch, with other entities
 * hidden, they contain the same for this entity as the batch.
 */
import { describe, expect, test, vi } from 'vitest'
import type { Uuid } from '../base/uuid.ts'
import { composeFlush } from '../facts/flush.ts'
import { RandomFlush } from '../facts/random-flush.ts'
import type { Change, Message, Names, Session } from '../facts/types.ts'
import { SeededRandom } from '../testing/seeded-random.ts'
import { BATCH_BOUNDS } from './bounds.ts'
import { type BatchDraft, type BatchForm, composeBatch, textOfBatch } from './compose-batch.ts'
import type { BatchLayout } from './layout.ts'
import { RandomBatches, someChain } from './random-batch.ts'
import { readBatch, readLayout } from './read-batch.ts'
import { readTold, tellMessage } from './told.ts'
import type { Accepted, JudgedMessage, Review } from './types.ts'

vi.setConfig({ testTimeout: 60_000 })

const seeds = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i + 1)
const NOTHING = (): undefined => undefined

interface Made {
  readonly random: RandomBatches
  readonly draft: BatchDraft
  /** The batch as its reviewer stores it, parsed. */
  readonly layout: BatchLayout
  readonly accepted: readonly Accepted[]
}

function made(seed: number): Made {
  const random = new RandomBatches(new SeededRandom(seed))
  return stored(random, random.draft(1 + (seed % 50)))
}

function stored(random: RandomBatches, draft: BatchDraft): Made {
  const before = { seq: draft.fromSeq - 1, chain: someChain(draft.fromSeq) }
  const batch = composeBatch(draft, before.chain)
  if (!batch.ok) throw new Error(batch.error.message)
  const text = formOf(batch.value.layout)
  const layout = readLayout(text, [])
  const context = { space: random.space, before, sessions: [], own: NOTHING }
  const read = readBatch(text, context)
  if (!layout.ok || !read.ok) throw new Error('the batch cannot be read')
  return { random, draft, layout: layout.value, accepted: read.value.accepted }
}

function formOf(layout: BatchLayout, form: Partial<BatchForm> = {}): string {
  const sessions: Session[] = []
  // A single batch: the line of a session at its first use, then its number.
  const sessionNo = (session: Session): number | undefined => {
    const no = sessions.findIndex(({ hash }) => hash === session.hash)
    if (no < 0) sessions.push(session)
    return no < 0 ? undefined : no
  }
  const text = textOfBatch(layout, { sessionNo, ...form })
  if (!text.ok) throw new Error(text.error.message)
  return text.value
}

function tell(layout: BatchLayout, seq: number, entityId: Uuid): string {
  const text = tellMessage(layout, seq, entityId)
  if (!text.ok) throw new Error(`seq ${seq}: ${text.error.message}`)
  return text.value
}

function read(
  text: string,
  { space, entityId }: { readonly space: Uuid; readonly entityId: Uuid },
): ReturnType<typeof readTold> {
  return readTold(text, { space, entityId, bounds: BATCH_BOUNDS })
}

/** The name of the entity in the extracted change: a line number or an id. */
function namingOf(text: string, index: number): 'line' | 'id' {
  const lines = text.split('\n')
  const line = JSON.parse(lines[3 + index]!) as unknown[]
  const change = (Array.isArray(line[0]) ? line[0] : (line[2] as unknown[])[0]) as unknown[]
  return typeof change[1] === 'number' ? 'line' : 'id'
}

describe('a message of a history', () => {
  test('HIST2 history: has the same change as the batch, for each change of any batch, with the same id', () => {
    const told = { single: 0, several: 0, line: 0, id: 0, assigned: 0 }
    for (const seed of seeds(200)) {
      const { random, draft, layout, accepted } = made(seed)
      for (const { seq, id, session, seen, message, review } of accepted) {
        const { clientSeq, time, changes } = message!
        told[changes.length === 1 ? 'single' : 'several']++
        for (const [index, change] of changes.entries()) {
          const { entityId } = change
          const text = tell(layout, seq, entityId)
          told[namingOf(text, index)]++
          const assigned = review?.assigned.find((given) => given.change === index)?.values ?? {}
          if (Object.keys(assigned).length > 0) told.assigned++
          expect(read(text, { space: random.space, entityId }), `seed ${seed}`).toEqual({
            ok: true,
            value: {
              ...{ seq, at: draft.at, id, session, seen, clientSeq, time },
              ...{ change, index, assigned },
            },
          })
        }
      }
    }
    for (const [what, times] of Object.entries(told)) expect(times, what).toBeGreaterThan(20)
  })

  test('§22 history: from the rest of a flush, whose entities are in earlier lines', () => {
    let named = 0
    for (const seed of seeds(120)) {
      const { random, draft } = made(seed)
      const part = draft.judged.find(({ flush, end }) => end < flush.messages.length)
      if (!part) continue
      const rest = stored(random, { ...draft, judged: [random.restOf(part, draft.fromSeq)] })
      for (const { seq, id, message } of rest.accepted)
        for (const [index, change] of message!.changes.entries()) {
          const text = tell(rest.layout, seq, change.entityId)
          if (namingOf(text, index) === 'line') named++
          expect(read(text, { space: random.space, entityId: change.entityId })).toMatchObject({
            ok: true,
            value: { id, index, change },
          })
        }
    }
    expect(named).toBeGreaterThan(10)
  })

  test('HIST2 history: hides lines of other entities, and the values assigned to them', () => {
    let hidden = 0
    for (const seed of seeds(80)) {
      const { draft, layout, accepted } = made(seed)
      const lineOf = new Map<string, readonly string[]>()
      for (const { flush } of draft.judged) {
        let at = 0
        for (const [i, { salts }] of flush.messages.entries())
          lineOf.set(flush.ids[i]!, flush.text.lines.slice(at, (at += salts.length)))
      }
      for (const { seq, id, message, review } of accepted) {
        const lines = lineOf.get(id)!
        for (const [index, { entityId }] of message!.changes.entries()) {
          const told = tell(layout, seq, entityId).split('\n')
          for (const [i, line] of lines.entries()) {
            const isShown = i === index || i === lines.length - 1
            expect(told.includes(line)).toBe(isShown)
            if (isShown) continue
            hidden++
            expect(told[3 + i]).toMatch(/^"[\w-]{43}"$/)
          }
          for (const { change, values } of review?.assigned ?? [])
            if (change !== index) expect(told.join('\n')).not.toContain(JSON.stringify(values))
          // Nor bases of other entities, nor the places of the message in other lineages.
          expect(told.length - 3 - lines.length).toBeLessThanOrEqual(1)
        }
      }
    }
    expect(hidden).toBeGreaterThan(50)
  })

  test('§22 history: nothing is extracted of a message that a batch lacks or hides', () => {
    for (const seed of seeds(40)) {
      const { random, layout, accepted } = made(seed)
      const [first] = accepted as [Accepted]
      const { entityId } = first.message!.changes[0]!
      const invalid = { ok: false, error: { code: 'invalid' } }
      expect(tellMessage(layout, first.seq, random.space)).toMatchObject(invalid)
      for (const seq of [first.seq - 1, accepted.at(-1)!.seq + 1])
        expect(tellMessage(layout, seq, entityId)).toMatchObject(invalid)
      const withheld = readLayout(formOf(layout, { hides: () => true }), [])
      if (!withheld.ok) throw new Error(withheld.error.message)
      expect(tellMessage(withheld.value, first.seq, entityId)).toMatchObject(invalid)
    }
  })
})

describe('by hand', () => {
  const random = new RandomFlush(new SeededRandom(11))
  const { session } = random
  const { space, sessionId } = session.facts
  const [E1, E2, E3] = [1, 2, 3].map(() => random.uuid()) as [Uuid, Uuid, Uuid]
  const NONE: Names = { canonical: [], own: [], others: [] }
  const salt = 'A'.repeat(16)
  const shapeOf = (kind: 'create' | 'update'): Change['shape'] => ({
    ...{ type: 'issue', kind, schemaVersion: 1, regs: ['title'] },
  })
  const create = (entityId: Uuid, title: string): Change => ({
    ...{ shape: shapeOf('create'), entityId, parents: NONE, values: [title] },
  })
  const update = (entityId: Uuid, own: number, title: string): Change => ({
    ...{ shape: shapeOf('update'), entityId, parents: { ...NONE, own: [own] }, values: [title] },
  })
  const message = (clientSeq: number, ...changes: readonly Change[]): Message => ({
    ...{ clientSeq, time: 1_000 + clientSeq, changes },
    salts: Array.from({ length: changes.length === 1 ? 1 : changes.length + 1 }, () => salt),
  })

  function batchOf(messages: readonly Message[], verdicts: readonly JudgedMessage[]): BatchLayout {
    const seen = { seq: 0, chain: '', from: 1, except: [], eid: null }
    const flush = composeFlush(session, { seen, messages })
    if (!flush.ok) throw new Error(flush.error.message)
    const judged = [{ session, flush: flush.value, first: 0, end: messages.length, verdicts }]
    const batch = composeBatch({ fromSeq: 5, at: 77, judged }, someChain(1))
    if (!batch.ok) throw new Error(batch.error.message)
    return batch.value.layout
  }

  const yes: JudgedMessage = { accepted: true }
  const review: Review = {
    ...{ bases: [{ change: 1, reg: 0, seq: 3 }], places: [], reads: [], salt },
    assigned: [
      { change: 0, values: { number: 1 } },
      { change: 2, values: { number: 3 } },
    ],
  }

  test('HIST2 history: an entity by the id in its line, by the number of a shown line, of a rejected one', () => {
    const layout = batchOf(
      [
        message(1, create(E1, 'a'), create(E2, 'b')), // lines 0 to 2
        message(2, create(E3, 'refused')), // line 3
        message(3, update(E1, 1, 'c')),
        message(4, update(E2, 1, 'd'), update(E3, 2, 'e')),
      ],
      [yes, { accepted: false }, yes, yes],
    )
    const told = (seq: number, entityId: Uuid): unknown => {
      const text = tell(layout, seq, entityId)
      const outcome = read(text, { space, entityId })
      if (!outcome.ok) throw new Error(outcome.error.message)
      const { change, index, clientSeq, time, at } = outcome.value
      return [namingOf(text, index), change.values[0], index, clientSeq, time, at]
    }
    expect(told(5, E1)).toEqual(['id', 'a', 0, 1, 1_001, 77])
    expect(told(5, E2)).toEqual(['id', 'b', 1, 1, 1_001, 77])
    expect(told(6, E1)).toEqual(['line', 'c', 0, 3, 1_003, 77])
    expect(told(7, E2)).toEqual(['line', 'd', 0, 4, 1_004, 77])
    expect(told(7, E3)).toEqual(['line', 'e', 1, 4, 1_004, 77])
    expect(tellMessage(layout, 6, E2).ok).toBe(false)
  })

  test('HIST3 history: has the assigned values of its change only; no bases and no places', () => {
    const given = message(1, create(E1, 'a'), create(E2, 'b'), create(E3, 'c'))
    const layout = batchOf([given], [{ accepted: true, review }])
    const assigned = [E1, E2, E3].map((entityId) => {
      const outcome = read(tell(layout, 5, entityId), { space, entityId })
      return outcome.ok && outcome.value.assigned
    })
    expect(assigned).toEqual([{ number: 1 }, {}, { number: 3 }])
    expect(tell(layout, 5, E2).split('\n')).toHaveLength(3 + 4)
    expect(tell(layout, 5, E1).split('\n')).toHaveLength(3 + 4 + 1)
  })

  test('§22 history: a message of one change: each replaced character is rejected, or yields another message', () => {
    const layout = batchOf(
      [message(1, create(E1, 'a')), message(2, update(E1, 1, 'b'))],
      [yes, yes],
    )
    for (const seq of [5, 6]) {
      const text = tell(layout, seq, E1)
      const good = read(text, { space, entityId: E1 })
      if (!good.ok) throw new Error(good.error.message)
      // Seq, time and names are in the first line: for these the reader trusts the reviewer.
      for (let at = text.indexOf('\n') + 1; at < text.length; at++)
        for (const other of [text[at] === '1' ? '2' : '1', '', '\n', '"', '\ud800', ']']) {
          const broken = read(text.slice(0, at) + other + text.slice(at + 1), {
            space,
            entityId: E1,
          })
          if (broken.ok && text[at] !== other)
            expect(broken.value.id, `${at} ${other}`).not.toBe(good.value.id)
        }
    }
  })

  test('§22 history: of several changes, author, head and outer line are in the id', () => {
    const given = message(1, create(E1, 'a'), create(E2, 'b'))
    const layout = batchOf([given], [yes])
    const lines = tell(layout, 5, E1).split('\n')
    const good = read(lines.join('\n'), { space, entityId: E1 })
    if (!good.ok) throw new Error(good.error.message)
    const other = new RandomFlush(new SeededRandom(12), space).session
    const changed: readonly (readonly [number, string])[] = [
      [1, other.line],
      [1, lines[1]!.replace('[2,', '[3,')],
      [2, lines[2]!.replace('1001', '1002')],
      [5, lines[5]!.replace('[1,', '[2,')],
    ]
    for (const [at, line] of changed) {
      expect(line).not.toBe(lines[at])
      const read_ = read(lines.with(at, line).join('\n'), { space, entityId: E1 })
      if (read_.ok) expect(read_.value.id, line).not.toBe(good.value.id)
    }
  })

  test('§22 history: rejects another entity or space, missing and surplus lines; another order is another message', () => {
    const given = message(1, create(E1, 'a'), create(E2, 'b'))
    const layout = batchOf([given], [{ accepted: true, review }])
    const text = tell(layout, 5, E1)
    const good = read(text, { space, entityId: E1 })
    if (!good.ok) throw new Error(good.error.message)
    const invalid = { ok: false, error: { code: 'invalid' } }
    expect(read(text, { space, entityId: E2 })).toMatchObject(invalid)
    expect(read(text, { space: sessionId, entityId: E1 })).toMatchObject(invalid)
    const lines = text.split('\n')
    // The last line has the assigned values, and is optional.
    for (let at = 0; at < lines.length - 1; at++) {
      expect(read(lines.toSpliced(at, 1).join('\n'), { space, entityId: E1 })).toMatchObject(
        invalid,
      )
      expect(read(lines.slice(0, at).join('\n'), { space, entityId: E1 })).toMatchObject(invalid)
      const turned = lines.toSpliced(at, 2, lines[at + 1]!, lines[at]!)
      const other = read(turned.join('\n'), { space, entityId: E1 })
      if (other.ok) expect(other.value.id, `${at}`).not.toBe(good.value.id)
    }
    for (const extra of ['', '[]', lines.at(-1)!, `${lines.at(-1)!}\n${lines.at(-1)!}`])
      expect(read(`${text}\n${extra}`, { space, entityId: E1 })).toMatchObject(invalid)
    const batch = formOf(
      batchOf([message(1, create(E1, 'a')), message(2, create(E2, 'b'))], [yes, yes]),
    )
    expect(read(batch, { space, entityId: E1 })).toMatchObject(invalid)
  })
})
