import { describe, expect, it } from 'vitest'
import { STORY, message, trace } from '../../test/fixture.ts'
import { edgesIn, layoutDag } from './dag-layout.ts'
import { dagFrom } from './trace.ts'
import type { MessageRecord } from '@countersign/core/inspect'

const dagOf = (messages = STORY) => dagFrom(trace(messages), 'issue', messages[0]!.changes[0]!.id)!

describe('the graph of a history', () => {
  it('has the newest on top, branches side by side, and joins them where they meet', () => {
    const { nodes, edges, lanes } = layoutDag(dagOf().nodes)
    expect(nodes.map(({ node, line, lane }) => [node.name.slice(-1), line, lane])).toEqual([
      ['4', 0, 0],
      ['3', 1, 1],
      ['2', 2, 0],
      ['1', 3, 1],
    ])
    expect(edges).toHaveLength(4)
    expect(lanes).toBe(2)
  })

  it('keeps a history without branches in one lane', () => {
    const chain = [message(1, { seq: 1, values: { a: 0 } })]
    for (let n = 2; n < 50; n++)
      chain.push(message(n, { seq: n, parents: [chain.at(-1)!.name], values: { a: n } }))
    const { nodes, lanes } = layoutDag(dagOf(chain).nodes)
    expect(lanes).toBe(1)
    expect(nodes.every(({ lane }) => lane === 0)).toBe(true)
  })

  it('leaves out edges to what is not here, and gives each node a line and a lane of its own', () => {
    const orphan = message(2, { seq: 2, parents: ['gone'], values: { a: 1 } })
    expect(layoutDag(dagOf([orphan]).nodes).edges).toEqual([])
    const { nodes } = layoutDag(dagOf().nodes)
    expect(new Set(nodes.map(({ line }) => line)).size).toBe(nodes.length)
    expect(layoutDag([])).toMatchObject({ nodes: [], edges: [], lanes: 1 })
  })

  it('leads no edge through a node between its ends', () => {
    const root = message(1, { seq: 1, values: { a: 0 } })
    const sides = Array.from({ length: 6 }, (_, at) =>
      message(at + 2, { seq: at + 2, parents: [root.name], values: { a: at } }),
    )
    const end = message(9, { seq: 9, parents: sides.map(({ name }) => name), values: { a: 9 } })
    const { nodes, edges } = layoutDag(dagOf([root, ...sides, end]).nodes)
    for (const { from, to, lane } of edges) {
      const between = nodes.filter(({ line }) => line > from.line && line < to.line)
      expect(between.filter((node) => node.lane === lane)).toEqual([])
    }
  })

  const shapes: [title: string, of: (count: number) => MessageRecord[]][] = [
    ['one after the other', (count) => chainOf(count)],
    ['all beside each other', (count) => siblingsOf(count)],
    ['all without parents', (count) => range(count).map((n) => message(n, { seq: n, values: {} }))],
    ['each on the two before', (count) => ladderOf(count)],
    ['each on some of the past', (count) => tangleOf(count)],
  ]
  it.each(shapes)('takes a few looks at each node and edge: %s', (_, of) => {
    for (const count of [50, 1_000]) {
      const { nodes, edges, looks } = layoutDag(dagOf(of(count)).nodes)
      // A heap of lanes is as deep as the number of its bits.
      expect(looks).toBeLessThan((nodes.length + edges.length) * (4 + 2 * Math.log2(count)))
    }
  })

  it.each(shapes)(
    'shows of the edges no more than lines, lanes and parents in view: %s',
    (_, of) => {
      const layout = layoutDag(dagOf(of(1_000)).nodes)
      for (const from of [0, 40, 500, 980]) {
        const seen = edgesIn(layout, { from, to: from + 20 }, 8)
        const begun = layout.edges.filter(
          (edge) => edge.from.line >= from && edge.from.line < from + 20,
        )
        expect(seen).toEqual(expect.arrayContaining(begun))
        expect(seen.length).toBeLessThanOrEqual(begun.length + 20 + 8)
        for (const edge of seen)
          expect(edge.to.line >= from && edge.from.line < from + 20).toBe(true)
      }
    },
  )
})

const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1)

function chainOf(count: number): MessageRecord[] {
  const all: MessageRecord[] = []
  for (const n of range(count))
    all.push(message(n, { seq: n, parents: all.slice(-1).map(({ name }) => name), values: {} }))
  return all
}

function siblingsOf(count: number): MessageRecord[] {
  const root = message(1, { seq: 1, values: {} })
  const parents = [root.name]
  return [root, ...range(count - 1).map((n) => message(n + 1, { seq: n + 1, parents, values: {} }))]
}

function ladderOf(count: number): MessageRecord[] {
  const all: MessageRecord[] = []
  for (const n of range(count))
    all.push(message(n, { seq: n, parents: all.slice(-2).map(({ name }) => name), values: {} }))
  return all
}

function tangleOf(count: number): MessageRecord[] {
  const all: MessageRecord[] = []
  for (const n of range(count)) {
    const places = [n - 2, Math.floor(n / 2), (n * 7_919) % n].filter((at) => at >= 0 && at < n - 1)
    const parents = [...new Set(places)].map((at) => all[at]!.name)
    all.push(message(n, { seq: n, parents, values: {} }))
  }
  return all
}
