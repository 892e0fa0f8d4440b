/**
 * Layout of a history graph: one line a node, newest on top, branches side by side in lanes. Pure.
 * An edge occupies a lane from a child down to its parent; below the parent the lane is free. Linear
 * in nodes and edges; `edgesIn` selects the visible edges.
 */
import type { DagNode } from '@countersign/core/inspect'
import type { RowWindow } from './window.ts'

export interface PlacedNode {
  readonly node: DagNode
  /** 0 is on top. */
  readonly line: number
  readonly lane: number
}

export interface PlacedEdge {
  readonly from: PlacedNode
  readonly to: PlacedNode
  /** The lane of the vertical part. */
  readonly lane: number
}

export interface DagLayout {
  readonly nodes: readonly PlacedNode[]
  /** In the order of their upper ends. */
  readonly edges: readonly PlacedEdge[]
  readonly lanes: number
  /** The number of lanes inspected, for tests of the complexity. */
  readonly looks: number
}

/** Computes the layout. `nodes`: in canonical order, parents before children. */
export function layoutDag(nodes: readonly DagNode[]): DagLayout {
  const known = new Set(nodes.map(({ name }) => name))
  const lanes = new Lanes()
  const placed = new Map<string, PlacedNode>()
  const edges: { from: string; to: string; lane: number }[] = []
  let lanesMax = 1
  for (let line = 0; line < nodes.length; line++) {
    const node = nodes[nodes.length - 1 - line]!
    const own = lanes.endAt(node.name)
    placed.set(node.name, { node, line, lane: own })
    let isFirst = true
    for (const parent of node.parents) {
      if (!known.has(parent)) continue
      edges.push({
        from: node.name,
        to: parent,
        lane: lanes.leadTo(parent, isFirst ? own : undefined),
      })
      isFirst = false
    }
    lanesMax = Math.max(lanesMax, lanes.count, own + 1)
  }
  return {
    nodes: [...placed.values()],
    edges: edges.map(({ from, to, lane }) => ({
      from: placed.get(from)!,
      to: placed.get(to)!,
      lane,
    })),
    lanes: lanesMax,
    looks: lanes.looks,
  }
}

/**
 * The visible edges between two lines: those that begin or end there, and one passing edge for each
 * drawn lane.
 */
export function edgesIn(
  { edges }: DagLayout,
  { from, to }: RowWindow,
  lanesMax: number,
): readonly PlacedEdge[] {
  const found: PlacedEdge[] = []
  const passing = new Set<number>()
  const ending = new Set<string>()
  for (const edge of edges) {
    if (edge.from.line >= to) break
    if (edge.to.line < from) continue
    const isBegun = edge.from.line >= from
    const isEnded = edge.to.line < to
    if (!isBegun && isEnded) {
      // Edges to one parent in one lane overlap, so one is enough.
      const end = `${edge.to.line} ${edge.lane}`
      if (ending.has(end)) continue
      ending.add(end)
    } else if (!isBegun) {
      const lane = Math.min(edge.lane, lanesMax - 1)
      if (passing.has(lane)) continue
      passing.add(lane)
    }
    found.push(edge)
  }
  return found
}

/** The occupied lanes by parent. A heap finds the lowest free lane. */
class Lanes {
  readonly #leading = new Map<string, number>()
  readonly #taken: boolean[] = []
  /** A heap of lanes that were free when they were added. */
  readonly #free: number[] = []
  looks = 0

  get count(): number {
    return this.#taken.length
  }

  /** The lane of a node: the one of the edges to it, freed below it, or a free one. */
  endAt(name: string): number {
    const lane = this.#leading.get(name)
    this.looks++
    if (lane === undefined) return this.#lowest()
    this.#leading.delete(name)
    this.#taken[lane] = false
    this.#put(lane)
    return lane
  }

  /** Occupies a lane for the edges to a parent, `wanted` where it is free. */
  leadTo(parent: string, wanted: number | undefined): number {
    const there = this.#leading.get(parent)
    this.looks++
    if (there !== undefined) return there
    const lane = wanted !== undefined && !this.#taken[wanted] ? wanted : this.#lowest()
    this.#taken[lane] = true
    this.#leading.set(parent, lane)
    return lane
  }

  #lowest(): number {
    for (let lane = this.#free[0]; lane !== undefined; lane = this.#free[0]) {
      this.looks++
      if (!this.#taken[lane]) return lane
      this.#pop()
    }
    return this.#taken.length
  }

  #put(lane: number): void {
    const heap = this.#free
    let at = heap.push(lane) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      this.looks++
      if (heap[above]! <= lane) break
      heap[at] = heap[above]!
      at = above
    }
    heap[at] = lane
  }

  #pop(): void {
    const heap = this.#free
    const last = heap.pop()!
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      this.looks++
      if (below >= heap.length) break
      if (below + 1 < heap.length && heap[below + 1]! < heap[below]!) below++
      if (heap[below]! >= last) break
      heap[at] = heap[below]!
      at = below
    }
    heap[at] = last
  }
}
