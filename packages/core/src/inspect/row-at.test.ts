import { describe, expect, it } from 'vitest'
import type { Dag, DagNode } from './records.ts'
import { liveRegisters, rowAt } from './row-at.ts'

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
  it('is what stood when the named message was the last', () => {
    expect(field('m1', 'title')).toMatchObject({ value: 'A', conflict: false })
    expect(field('m2', 'title')).toMatchObject({ value: 'B', conflict: false })
    expect(field('m3', 'title')).toMatchObject({ value: 'B', conflict: true, base: 'A' })
    expect(field('m4', 'title').candidates).toEqual([
      { node: 'm2', value: 'B' },
      { node: 'm3', value: 'C' },
    ])
    expect(field('m5', 'title')).toMatchObject({ value: 'B+C', conflict: false, base: undefined })
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

  it('keeps candidates that an update leaves standing', () => {
    const kept = [
      ...nodes.slice(0, 3),
      node('m4', ['m2', 'm3'], { values: { title: 'D' }, keep: { title: ['m3'] } }),
    ]
    expect(rowAt(dag(kept))!.fields.find(({ reg }) => reg === 'title')!.candidates).toEqual([
      { node: 'm3', value: 'C' },
      { node: 'm4', value: 'D' },
    ])
  })

  it('takes equal values for agreement, and an unset for no value', () => {
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

  it('says archived, and lists no such field', () => {
    const row = rowAt(dag([nodes[0]!, node('z', ['m1'], { values: { $archived: true } })]))!
    expect(row.archived).toBe(true)
    expect(row.fields.map(({ reg }) => reg)).toEqual(['done', 'title'])
  })

  it('is nothing before the first message, and nothing for a name that is not there', () => {
    expect(rowAt(dag([]))).toBeUndefined()
    expect(rowAt(dag(nodes), 'nobody')).toBeUndefined()
  })
})
