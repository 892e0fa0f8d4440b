import { describe, expect, it } from 'vitest'
import { STORY, message, trace } from '../../test/fixture.ts'
import { layoutDag } from './dag-layout.ts'
import { dagFrom } from './trace.ts'

const dagOf = (messages = STORY) => dagFrom(trace(messages), 'issue', messages[0]!.changes[0]!.id)!

describe('the graph of a history', () => {
  it('stands newest on top, branches side by side, and joins where they join', () => {
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
    expect(layoutDag([])).toEqual({ nodes: [], edges: [], lanes: 1 })
  })

  it('leads no edge through a node that stands between its ends', () => {
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
})
