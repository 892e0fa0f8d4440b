/**
 * Holds the makers of histories to their word: one seed is one history, what they write can
 * be read back, the interesting things do happen, and a wrong answer is found.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test, vi } from 'vitest'
import { checkTrace } from './check.ts'
import { generateHistory } from './history.ts'
import { UNSET } from './oracle.ts'
import { causalOrder } from './order.ts'
import { Random } from './random.ts'
import { ARCHIVED, readTrace, type Trace, TraceError, writeTrace } from './trace.ts'

// The oracle is slow on purpose, and the machine may be busy.
vi.setConfig({ testTimeout: 60_000 })

describe('chance', () => {
  test('determinism: one seed is one sequence, another is another', () => {
    const draw = (seed: number): number[] => {
      const random = new Random(seed)
      return Array.from({ length: 8 }, () => random.word())
    }
    expect(draw(7)).toEqual(draw(7))
    const firsts = Array.from({ length: 1_000 }, (_, seed) => draw(seed)[0])
    expect(new Set(firsts).size).toBe(1_000)
    expect(draw(2 ** 40)).not.toEqual(draw(0))
  })

  test('determinism: numbers are spread evenly, orders keep every element', () => {
    const random = new Random(1)
    const counts = Array.from({ length: 10 }, () => 0)
    for (let i = 0; i < 100_000; i++) counts[random.below(10)]!++
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500)
    const list = Array.from({ length: 50 }, (_, i) => i)
    const mixed = random.shuffled(list)
    expect(mixed).not.toEqual(list)
    expect(mixed.toSorted((a, b) => a - b)).toEqual(list)
  })
})

describe('generated histories', () => {
  test('determinism: one seed is one history', () => {
    expect(writeTrace(generateHistory(3))).toBe(writeTrace(generateHistory(3)))
    expect(writeTrace(generateHistory(3))).not.toBe(writeTrace(generateHistory(4)))
  })

  test('determinism: the fixture is the history of seed 1, as it was when it was written', () => {
    const file = new URL('../fixtures/edit-history.jsonl', import.meta.url)
    const again = generateHistory(1, { messages: 120, authors: 6, rows: 8 })
    expect(writeTrace(again)).toBe(readFileSync(file, 'utf8'))
  })

  test('S8 conflict exactness: written, read and folded again, all answers hold', () => {
    for (let seed = 0; seed < 20; seed++) {
      const trace = generateHistory(seed, { messages: 40 + seed * 4 })
      expect(checkTrace(trace)).toEqual([])
      expect(readTrace(writeTrace(trace))).toEqual(trace)
    }
  })

  test('S8 conflict exactness: every kind of wrong answer is found', () => {
    const trace = generateHistory(5, { messages: 80 })
    const place = trace.expectConflicts[0]!
    const [field, candidates] = [...place.conflicts][0]!
    const [row, expected] = [...trace.expectRows].find(([, { fields }]) => fields.size > 0)!
    const wrong: readonly Partial<Trace>[] = [
      { expectConflicts: [{ ...place, conflicts: new Map() }] },
      { expectConflicts: [{ ...place, conflicts: new Map([[field, candidates.slice(1)]]) }] },
      { expectRows: new Map([...trace.expectRows].slice(1)) },
      { expectRows: new Map(trace.expectRows).set(row, { ...expected, heads: [] }) },
      { expectRows: new Map(trace.expectRows).set(row, { ...expected, fields: new Map() }) },
      { expectRows: new Map(trace.expectRows).set('nowhere', expected) },
    ]
    for (const part of wrong) expect(checkTrace({ ...trace, ...part })).toHaveLength(1)
  })

  test('sometimes: what makes a history hard does happen', () => {
    const often = { merge: 0, openAtEnd: 0, secondRoot: 0, unset: 0, archived: 0, restored: 0 }
    const more = { keep: 0, agreement: 0, manyRows: 0, threeCandidates: 0 }
    for (let seed = 0; seed < 30; seed++) {
      const { messages, expectRows, expectConflicts } = generateHistory(seed, { keep: 0.3 })
      const changes = messages.flatMap((message) => message.changes)
      const creates = changes.filter(({ kind }) => kind === 'create').map(({ entity }) => entity)
      often.merge += changes.filter(({ kind }) => kind === 'resolve').length
      often.secondRoot += creates.length - new Set(creates).size
      often.unset += changes.filter(({ set }) => Object.values(set).includes(UNSET)).length
      often.archived += changes.filter(({ kind }) => kind === 'archive').length
      often.restored += changes.filter(({ set }) => set[ARCHIVED] === false).length
      more.keep += changes.filter(({ keep }) => keep).length
      more.manyRows += messages.filter((message) => message.changes.length > 1).length
      for (const { open } of expectRows.values()) often.openAtEnd += open.size
      for (const { conflicts } of expectConflicts) {
        for (const list of conflicts.values()) {
          if (list.length > 2) more.threeCandidates++
          const texts = list.map(({ value }) => String(JSON.stringify(value)))
          if (new Set(texts).size < texts.length) more.agreement++
        }
      }
    }
    for (const [what, count] of Object.entries({ ...often, ...more })) {
      expect(count, what).toBeGreaterThan(20)
    }
  })

  test('§20 bounds: no row of a generated history has more heads than a reviewer takes', () => {
    for (let seed = 0; seed < 10; seed++) {
      const trace = generateHistory(seed, { messages: 120, authors: 8, exchange: 0.2 })
      for (const { heads } of trace.expectRows.values()) expect(heads.length).toBeLessThan(32)
    }
  })
})

describe('traces', () => {
  const lines = writeTrace(generateHistory(2, { messages: 12 }))
    .trimEnd()
    .split('\n')
  const changed = (at: number, from: string | RegExp, to: string): string => {
    const line = lines.at(at)!
    expect(line).toMatch(from)
    return lines.with(at, line.replace(from, to)).join('\n')
  }

  test.each<[string, () => string]>([
    ['no text', () => ''],
    ['no head', () => lines.slice(1).join('\n')],
    ['another version', () => changed(0, '"trace":1', '"trace":2')],
    ['a count that is off', () => changed(0, /"messages":\d+/, '"messages":1')],
    ['a message that is missing', () => lines.toSpliced(1, 1).join('\n')],
    ['a message that comes twice', () => lines.toSpliced(2, 0, lines[1]!).join('\n')],
    ['a line that is no JSON', () => changed(3, /.$/, '')],
    ['a kind that is none', () => changed(1, '"create"', '"delete"')],
    ['a root that is no create', () => changed(1, '"create"', '"update"')],
    ['a parent that never came', () => changed(1, '"parents":[]', '"parents":["m9999"]')],
    ['a timestamp of text', () => changed(1, /"timestamp":\d+/, '"timestamp":"now"')],
    ['answers that are missing', () => lines.slice(0, -1).join('\n')],
    ['answers of an unknown message', () => changed(-1, /"heads":\["m\d+/, '"heads":["m9999')],
  ])('traces: %s is refused', (_, text) => {
    expect(() => readTrace(text())).toThrow(TraceError)
  })
})

describe('orders', () => {
  test('S2 order independence: an order has every message after its parents, and some again', () => {
    const { messages } = generateHistory(9, { messages: 80 })
    const seen = new Set<string>()
    const order = causalOrder(messages, new Random(1), 0.5)
    for (const { id, changes } of order) {
      for (const { parents } of changes) for (const p of parents) expect(seen.has(p)).toBe(true)
      seen.add(id)
    }
    expect(seen.size).toBe(80)
    expect(order.length).toBeGreaterThan(100)
    expect(causalOrder(messages, new Random(1), 0.5)).toEqual(order)
    expect(causalOrder(messages, new Random(2), 0.5)).not.toEqual(order)
    expect(() => causalOrder(messages.slice(1), new Random(1))).toThrow(/parent/)
  })
})
