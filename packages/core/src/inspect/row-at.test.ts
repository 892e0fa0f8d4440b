import { describe, expect, it } from 'vitest'
import type { Dag, DagNode } from './records.ts'
import { SeededRandom } from '../testing/seeded-random.ts'
import { DagHistory, liveRegisters, rowAt } from './row-at.ts'

let seq = 0

function node(name: string, parents: readonly string[], more: Partial<DagNode>): DagNode {
  seq++
  return {
    name,
    id: name,
    authorId: 'ann',
    state: 'accepted',
    timestamp: seq,
    arrival: 0,
    review: { reviewerId: 'r', eid: 'e', epoch: 1, seq, forked: false, at: 0 },
    orderKey: String(seq),
    kind: parents.length === 0 ? 'create' : 'update',
    version: 1,
    values: {},
    parents,
    keep: undefined,
    ...more,
  }
}

function dag(nodes: readonly DagNode[], viewerId = 'cy'): Dag {
  return { type: 'issue', id: 'T', nodes, cut: false, viewerId }
}

// Row T of SPEC section 9: Ann and Bob edit the title offline, Cy another field, Ann resolves.
const nodes = [
  node('m1', [], { values: { title: 'A', done: false } }),
  node('m2', ['m1'], { values: { title: 'B' } }),
  node('m3', ['m1'], { authorId: 'bob', values: { title: 'C', done: true } }),
  node('m4', ['m2', 'm3'], { authorId: 'cy', values: { done: false } }),
  node('m5', ['m4'], { kind: 'resolve', values: { title: 'B+C' } }),
]

const field = (upTo: string, reg: string, viewerId = 'cy') =>
  rowAt(dag(nodes, viewerId), upTo)!.fields.find((each) => each.reg === reg)!

describe('8 and 9: a row from its history', () => {
  it('is the row after the named message', () => {
    expect(field('m1', 'title')).toMatchObject({ value: 'A', conflict: false })
    expect(field('m2', 'title')).toMatchObject({ value: 'B', conflict: false })
    expect(field('m3', 'title')).toMatchObject({ value: 'B', conflict: true, base: 'A' })
    expect(field('m4', 'title').candidates).toEqual([
      { node: 'm2', value: 'B' },
      { node: 'm3', value: 'C' },
    ])
    expect(field('m5', 'title')).toMatchObject({ value: 'B+C', conflict: false, base: undefined })
  })

  it('adds up a register whose writes are operations, and never calls it a conflict', () => {
    const add = (n: number): DagNode['values'] => ({ likes: { $op: ['counter', n] } })
    const likes = rowAt(
      dag([
        node('m1', [], { values: add(1) }),
        node('m2', ['m1'], { values: add(3) }),
        node('m3', ['m1'], { authorId: 'bob', values: add(5) }),
      ]),
    )!.fields[0]
    expect(likes).toMatchObject({ value: 9, conflict: false, live: [{ node: 'm3', value: 9 }] })
  })

  it('merges fields that only one has written, and names heads and live registers', () => {
    expect(field('m3', 'done')).toMatchObject({ value: true, conflict: false })
    expect(rowAt(dag(nodes), 'm3')!.heads).toEqual(['m2', 'm3'])
    expect(rowAt(dag(nodes), 'm4')!.heads).toEqual(['m4'])
    expect(Object.fromEntries(liveRegisters(rowAt(dag(nodes), 'm4')!))).toEqual({
      m2: ['title'],
      m3: ['title'],
      m4: ['done'],
    })
  })

  it('shows an author their own newest, and everyone else the first accepted', () => {
    expect(field('m3', 'title', 'bob').value).toBe('C')
    expect(field('m3', 'title', 'ann').value).toBe('B')
    expect(field('m3', 'title', 'dee').value).toBe('B')
  })

  it('keeps candidates that an update does not overwrite', () => {
    const kept = [
      ...nodes.slice(0, 3),
      node('m4', ['m2', 'm3'], { values: { title: 'D' }, keep: { title: ['m3'] } }),
    ]
    expect(rowAt(dag(kept))!.fields.find(({ reg }) => reg === 'title')!.candidates).toEqual([
      { node: 'm3', value: 'C' },
      { node: 'm4', value: 'D' },
    ])
  })

  it('treats equal values as agreement, and an unset as no value', () => {
    const same = [
      nodes[0]!,
      node('a', ['m1'], { values: { title: 'X', done: { $unset: true } } }),
      node('b', ['m1'], { values: { title: 'X' } }),
    ]
    const row = rowAt(dag(same))!
    expect(row.fields.map(({ reg, value, conflict }) => [reg, value, conflict])).toEqual([
      ['done', undefined, false],
      ['title', 'X', false],
    ])
  })

  it('is archived, and lists no such field', () => {
    const row = rowAt(dag([nodes[0]!, node('z', ['m1'], { values: { $archived: true } })]))!
    expect(row.archived).toBe(true)
    expect(row.fields.map(({ reg }) => reg)).toEqual(['done', 'title'])
  })

  it('is nothing before the first message, and nothing for a name that is not there', () => {
    expect(rowAt(dag([]))).toBeUndefined()
    expect(rowAt(dag(nodes), 'nobody')).toBeUndefined()
  })
})

describe('a long history', () => {
  const count = 3_000
  const range = Array.from({ length: count }, (_, n) => n + 1)
  const chain = range.map((n) => node(`c${n}`, n === 1 ? [] : [`c${n - 1}`], { values: { a: n } }))
  const siblings = range.map((n) => node(`s${n}`, n === 1 ? [] : ['s1'], { values: { a: n } }))
  const late = range.map((n) =>
    node(`l${n}`, n === 1 ? [] : [n < count - 100 ? `l${n - 1}` : `l${count - 101}`], {
      values: { a: n },
    }),
  )

  it.each([
    ['one after the other', chain, 1],
    ['all beside each other', siblings, count - 1],
    ['many beside each other, late', late, 101],
  ])('is walked once for a question: %s', (_, all, live) => {
    const history = new DagHistory(all)
    const found = history.live('a')
    expect(found).toHaveLength(live)
    expect(history.steps).toBeLessThanOrEqual(all.length)
    history.common(found.map(({ name }) => name))
    // One more walk for every 31 names.
    expect(history.steps).toBeLessThanOrEqual(all.length * (1 + Math.ceil(live / 31)))
  })

  it('is the row of the definition, with any kept writes', () => {
    const random = new SeededRandom(5)
    const below = (most: number): number => Math.floor(random.unit() * most)
    for (let round = 0; round < 80; round++) {
      const all: DagNode[] = []
      for (let n = 0; n < 4 + below(26); n++) {
        const parents = [...new Set([below(n + 1), below(n + 1), n])]
          .filter((at) => at < n)
          .map((at) => `n${at}`)
        const some = all.filter(() => below(3) === 0).map(({ name }) => name)
        const values = Object.fromEntries(
          ['a', 'b'].filter(() => below(3) > 0).map((reg) => [reg, n % 4]),
        )
        const keep = Object.fromEntries(Object.keys(values).map((reg) => [reg, some]))
        all.push(node(`n${n}`, parents, { values, ...(below(2) === 0 && { keep }) }))
      }
      const above = new Map<string, ReadonlySet<string>>()
      for (const { name, parents } of all)
        above.set(name, new Set(parents.flatMap((parent) => [parent, ...above.get(parent)!])))
      const expected = (reg: string): string[] => {
        const writers = all.filter(({ values }) => Object.hasOwn(values, reg))
        return writers
          .filter(
            ({ name }) =>
              !writers.some((m) => above.get(m.name)!.has(name) && !m.keep?.[reg]?.includes(name)),
          )
          .map(({ name }) => name)
      }
      const history = new DagHistory(all)
      for (const reg of ['a', 'b']) {
        expect(history.live(reg).map(({ name }) => name)).toEqual(expected(reg))
        const names = expected(reg)
        const common = all.filter(({ name }) => names.every((each) => above.get(each)!.has(name)))
        expect(history.common(names).nodes).toEqual(names.length === 0 ? all : common)
      }
    }
  })
})
