/**
 * Where the nodes of a history are drawn: one line a node, newest on top, branches side by side
 * in lanes. Pure. A lane is taken by an edge from a child down to its parent, and free again
 * below that parent.
 */
import type { DagNode } from '@countersign/core/inspect'

export interface PlacedNode {
  readonly node: DagNode
  /** 0 is on top. */
  readonly line: number
  readonly lane: number
}

export interface PlacedEdge {
  readonly from: PlacedNode
  readonly to: PlacedNode
  /** The lane in which it runs down. */
  readonly lane: number
}

export interface DagLayout {
  readonly nodes: readonly PlacedNode[]
  readonly edges: readonly PlacedEdge[]
  readonly lanes: number
}

/** `nodes` in canonical order: parents before children. */
export function layoutDag(nodes: readonly DagNode[]): DagLayout {
  const known = new Set(nodes.map(({ name }) => name))
  /** What each lane leads down to. */
  const lanes: (string | undefined)[] = []
  const placed = new Map<string, PlacedNode>()
  const edges: { from: string; to: string; lane: number }[] = []
  let lanesMax = 1
  for (const [line, node] of [...nodes].reverse().entries()) {
    const own = laneTo(lanes, node.name)
    for (let lane = 0; lane < lanes.length; lane++) {
      if (lanes[lane] === node.name) lanes[lane] = undefined
    }
    placed.set(node.name, { node, line, lane: own })
    for (const [at, parent] of node.parents.filter((name) => known.has(name)).entries()) {
      const there = lanes.indexOf(parent)
      const lane = there >= 0 ? there : at === 0 && !lanes[own] ? own : freeLane(lanes)
      lanes[lane] = parent
      edges.push({ from: node.name, to: parent, lane })
    }
    lanesMax = Math.max(lanesMax, lanes.length, own + 1)
  }
  return {
    nodes: [...placed.values()],
    edges: edges.map(({ from, to, lane }) => ({
      from: placed.get(from)!,
      to: placed.get(to)!,
      lane,
    })),
    lanes: lanesMax,
  }
}

/** The lane that leads to a node: the first that is waiting for it, or a free one. */
function laneTo(lanes: readonly (string | undefined)[], name: string): number {
  const waiting = lanes.indexOf(name)
  return waiting >= 0 ? waiting : freeLane(lanes)
}

function freeLane(lanes: readonly (string | undefined)[]): number {
  const free = lanes.indexOf(undefined)
  return free >= 0 ? free : lanes.length
}
