/**
 * The oracle is what everything else is measured by, so it is measured first: against the
 * example of PROTOCOL 9, small histories worked out by hand, and the answers that came with
 * the recorded history of a real repository.
 */
import { describe, expect, test, vi } from 'vitest'
import {
  baseOf,
  conflictsOf,
  type OracleMessage,
  type OracleRow,
  type OracleWrite,
  rowOf,
  seenBy,
  UNSET,
} from './oracle.ts'
import { hasRealHistory, readRealHistory } from './real-history.ts'
import { checkTrace } from './check.ts'

const on = (
  id: string,
  parents: readonly string[],
  set: Readonly<Record<string, unknown>>,
  keep?: Readonly<Record<string, readonly string[]>>,
): OracleMessage => ({ id, changes: [{ entity: 'T', parents, set, ...(keep && { keep }) }] })

function live(row: OracleRow | undefined, reg: string): readonly OracleWrite[] {
  return row?.live.get(reg) ?? []
}

// The oracle is slow on purpose, and the machine may be busy.
vi.setConfig({ testTimeout: 60_000 })

describe('the example of PROTOCOL 9', () => {
  const m1 = on('m1', [], { title: 'A', done: false })
  const ann = on('m2', ['m1'], { title: 'B' })
  const bob = on('m3', ['m1'], { title: 'C', done: true })
  const cy = on('m4', ['m2', 'm3'], { done: false })
  const resolved = on('m5', ['m4'], { title: 'B+C' })

  test('§8 live and heads: two edits of one field are a conflict, the other field is clean', () => {
    const row = rowOf([m1, ann, bob], 'T')!
    expect(row.heads).toEqual(['m2', 'm3'])
    expect(live(row, 'title')).toEqual([
      { by: 'm2', value: 'B' },
      { by: 'm3', value: 'C' },
    ])
    expect(live(row, 'done')).toEqual([{ by: 'm3', value: true }])
    expect([...conflictsOf(row).keys()]).toEqual(['title'])
    expect(live(baseOf([m1, ann, bob], 'T'), 'title')).toEqual([{ by: 'm1', value: 'A' }])
  })

  test('§9 conflicts survive unrelated edits, and end with a later write of the field', () => {
    const row = rowOf([m1, ann, bob, cy], 'T')!
    expect(row.heads).toEqual(['m4'])
    expect([...conflictsOf(row).keys()]).toEqual(['title'])
    expect(live(row, 'done')).toEqual([{ by: 'm4', value: false }])
    const after = rowOf([resolved, cy, bob, ann, m1], 'T')!
    expect(conflictsOf(after).size).toBe(0)
    expect(live(after, 'title')).toEqual([{ by: 'm5', value: 'B+C' }])
  })
})

describe('small histories', () => {
  test('§8 keep: a write that keeps another leaves it live, for followers, too', () => {
    const history = [
      on('a', [], { x: 0 }),
      on('b', ['a'], { x: 1 }),
      on('c', ['a'], { x: 2 }),
      on('d', ['b', 'c'], { x: 3 }, { x: ['c'] }),
    ]
    expect(live(rowOf(history, 'T'), 'x').map(({ by }) => by)).toEqual(['c', 'd'])
    const after = [...history, on('e', ['d'], { x: 4 })]
    expect(live(rowOf(after, 'T'), 'x').map(({ by }) => by)).toEqual(['e'])
  })

  test('§8 keep: it holds for the register it names and no other', () => {
    const history = [on('a', [], { x: 0, y: 0 }), on('b', ['a'], { x: 1, y: 1 }, { y: ['a'] })]
    expect(live(rowOf(history, 'T'), 'x').map(({ by }) => by)).toEqual(['b'])
    expect(live(rowOf(history, 'T'), 'y').map(({ by }) => by)).toEqual(['a', 'b'])
  })

  test('§9 equal values are agreement, however deep; unset and a value are not', () => {
    const both = (left: unknown, right: unknown): number => {
      const row = rowOf([on('a', [], { x: left }), on('b', [], { x: right })], 'T')!
      expect(live(row, 'x').length).toBe(2)
      return conflictsOf(row).size
    }
    expect(both({ a: [1], b: 2 }, { b: 2, a: [1] })).toBe(0)
    expect(both(UNSET, UNSET)).toBe(0)
    expect(both(UNSET, null)).toBe(1)
    expect(both(['a', 'b'], ['b', 'a'])).toBe(1)
  })

  test('§9 two roots: both are live, they have no base, a merge ends it', () => {
    const roots = [on('a', [], { x: 1, y: 1 }), on('b', [], { x: 2 })]
    const row = rowOf(roots, 'T')!
    expect(row.heads).toEqual(['a', 'b'])
    expect([...conflictsOf(row).keys()]).toEqual(['x'])
    expect(baseOf(roots, 'T')).toBeUndefined()
    expect(conflictsOf(rowOf([...roots, on('c', ['a', 'b'], { x: 3 })], 'T')!).size).toBe(0)
  })

  test('§8 criss-cross: several lowest common ancestors need no special case', () => {
    const history = [
      on('r', [], { x: 0, y: 0 }),
      on('a', ['r'], { x: 1 }),
      on('b', ['r'], { y: 1 }),
      on('c', ['a', 'b'], { x: 2 }),
      on('d', ['a', 'b'], { y: 2 }),
    ]
    const base = baseOf(history, 'T')!
    expect(base.heads).toEqual(['a', 'b'])
    expect(live(base, 'x')).toEqual([{ by: 'a', value: 1 }])
    expect(conflictsOf(rowOf(history, 'T')!).size).toBe(0)
  })

  test('§3 several entities: each has a history of its own', () => {
    const both: OracleMessage = {
      id: 'b',
      changes: [
        { entity: 'T', parents: ['a'], set: { x: 1 } },
        { entity: 'U', parents: [], set: { x: 9 } },
      ],
    }
    const history = [on('a', [], { x: 0 }), both]
    expect(live(rowOf(history, 'T'), 'x')).toEqual([{ by: 'b', value: 1 }])
    expect(live(rowOf(history, 'U'), 'x')).toEqual([{ by: 'b', value: 9 }])
    expect(rowOf(history, 'V')).toBeUndefined()
    expect(seenBy(history, 'T', ['b']).map(({ id }) => id)).toEqual(['a', 'b'])
    expect(seenBy(history, 'U', ['b']).map(({ id }) => id)).toEqual(['b'])
  })
})

describe('the recorded history (needs its file beside the repository)', () => {
  test.skipIf(!hasRealHistory)("S8 conflict exactness: all its answers are the oracle's", () => {
    const trace = readRealHistory()
    expect(trace.counts).toMatchObject({ messages: 1_032, conflicts: 269, fieldsInConflict: 380 })
    expect(checkTrace(trace)).toEqual([])
  })
})
