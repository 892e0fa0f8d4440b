/**
 * A history, newest on top: one line a message, the graph beside it in SVG. Heads have a ring,
 * live writes are filled. One tab stop; arrows go from message to message.
 */
import type { Dag, DagNode, RowRecord } from '@countersign/core/inspect'
import { type DagLayout, type PlacedNode, layoutDag } from '../model/dag-layout.ts'
import { shortId } from '../model/words.ts'
import { freshId, h, setAttribute, svg } from './dom.ts'
import { emptyPlace, pill } from './parts.ts'

const LINE_PX = 40
const LANE_PX = 16
const LANES_SHOWN_MAX = 8

export interface DagMarks {
  readonly row: RowRecord
  /** Registers in which a node is live, by its name. */
  readonly live: ReadonlyMap<string, readonly string[]>
  /** The last message that counts. */
  readonly upTo: string | undefined
}

export class DagList {
  readonly element: HTMLElement
  readonly #box: HTMLElement
  readonly #onChoose: (name: string) => void
  readonly #ids = freshId('dag')
  #names: readonly string[] = []
  #chosen = 0

  constructor(onChoose: (name: string) => void) {
    this.#onChoose = onChoose
    this.#box = h('div', {
      class: 'dag',
      role: 'listbox',
      tabindex: 0,
      'aria-label': 'History, newest first',
      on: { keydown: (event) => this.#key(event), click: (event) => this.#click(event) },
    })
    this.element = h('div', { class: 'list' }, this.#box)
  }

  clear(): void {
    this.#names = []
    this.element.replaceChildren(
      emptyPlace('No history', 'A row has one node for each message that changed it.'),
    )
  }

  draw(dag: Dag, marks: DagMarks): void {
    const layout = layoutDag(dag.nodes)
    const ends = marks.upTo ?? dag.nodes.at(-1)?.name
    const counted = new Set(
      dag.nodes
        .slice(0, dag.nodes.findIndex(({ name }) => name === ends) + 1)
        .map(({ name }) => name),
    )
    this.#names = layout.nodes.map(({ node }) => node.name)
    this.#chosen = Math.max(0, this.#names.indexOf(ends ?? ''))
    const width = Math.min(layout.lanes, LANES_SHOWN_MAX) * LANE_PX + 12
    const lines = layout.nodes.map((placed) =>
      this.#line(placed, { marks, width, isCounted: counted.has(placed.node.name) }),
    )
    const { scrollTop } = this.#box
    this.#box.replaceChildren(graphOf(layout, { marks, counted, width }), ...lines)
    if (this.#box.parentElement !== this.element) this.element.replaceChildren(this.#box)
    this.#box.scrollTop = scrollTop
    setAttribute(this.#box, 'aria-activedescendant', lines[this.#chosen]?.id)
  }

  #line(
    { node, line }: PlacedNode,
    { marks, width, isCounted }: { marks: DagMarks; width: number; isCounted: boolean },
  ): HTMLElement {
    const live = marks.live.get(node.name)
    const isHead = marks.row.heads.includes(node.name)
    return h(
      'div',
      {
        class: 'dag__line',
        role: 'option',
        id: `${this.#ids}-${line}`,
        'data-name': node.name,
        'data-off': !isCounted,
        'aria-selected': line === this.#chosen ? 'true' : 'false',
        style: `padding-left:${width}px`,
      },
      h(
        'span',
        { class: 'dag__what' },
        h('b', {}, node.kind),
        ` ${Object.keys(node.values).join(', ') || 'nothing'}`,
      ),
      h(
        'span',
        { class: 'dag__who soft mono', title: `${node.authorId}\n${node.id ?? node.name}` },
        whoText(node),
      ),
      h(
        'span',
        { class: 'dag__marks' },
        isHead && isCounted && pill('head'),
        live && pill('live', `live: ${live.join(', ')}`),
        !node.review && pill(node.state),
      ),
    )
  }

  #click(event: Event): void {
    const name = (event.target as Element).closest<HTMLElement>('.dag__line')?.dataset['name']
    if (name !== undefined) this.#onChoose(name)
  }

  #key(event: KeyboardEvent): void {
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: 1,
      ArrowUp: -1,
      Home: -Infinity,
      End: Infinity,
    }
    const step = steps[event.key]
    if (step === undefined || this.#names.length === 0) return
    event.preventDefault()
    const next = Math.min(this.#names.length - 1, Math.max(0, this.#chosen + step))
    this.#onChoose(this.#names[next]!)
    this.#box.querySelector(`[aria-selected=true]`)?.scrollIntoView?.({ block: 'nearest' })
  }
}

function whoText({ authorId, review }: DagNode): string {
  return `${shortId(authorId)} → ${review ? `${shortId(review.reviewerId)} ${review.epoch}.${review.seq}` : 'no review yet'}`
}

function graphOf(
  layout: DagLayout,
  { marks, counted, width }: { marks: DagMarks; counted: ReadonlySet<string>; width: number },
): SVGElement {
  const x = (lane: number): number => 14 + Math.min(lane, LANES_SHOWN_MAX - 1) * LANE_PX
  const y = (line: number): number => line * LINE_PX + LINE_PX / 2
  const edges = layout.edges.map(({ from, to, lane }) =>
    svg('path', {
      class: 'dag__edge',
      'data-off': counted.has(from.node.name) ? undefined : '',
      d: edgePath({ x: x(from.lane), y: y(from.line) }, { x: x(to.lane), y: y(to.line) }, x(lane)),
    }),
  )
  const dots = layout.nodes.flatMap(({ node, lane, line }) => {
    const at = { cx: x(lane), cy: y(line) }
    const off = counted.has(node.name) ? undefined : ''
    const isHead = marks.row.heads.includes(node.name)
    const dot = svg('circle', {
      ...at,
      r: 5,
      class: 'dag__dot',
      'data-live': marks.live.has(node.name) ? '' : undefined,
      'data-pending': node.review ? undefined : '',
      'data-off': off,
    })
    return isHead && off === undefined
      ? [svg('circle', { ...at, r: 8.5, class: 'dag__ring' }), dot]
      : [dot]
  })
  const height = layout.nodes.length * LINE_PX
  return svg(
    'svg',
    {
      class: 'dag__graph',
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      'aria-hidden': 'true',
    },
    ...edges,
    ...dots,
  )
}

interface Point {
  readonly x: number
  readonly y: number
}

/** Over to its lane in one line, down, and over to the parent in the last. */
function edgePath(from: Point, to: Point, laneX: number): string {
  const out = Math.min(from.y + LINE_PX, to.y)
  const back = Math.max(to.y - LINE_PX, from.y)
  const bend = (a: Point, b: Point): string => {
    const middle = (a.y + b.y) / 2
    return `C ${a.x} ${middle} ${b.x} ${middle} ${b.x} ${b.y}`
  }
  if (laneX === from.x && laneX === to.x) return `M ${from.x} ${from.y} L ${to.x} ${to.y}`
  if (out >= to.y) return `M ${from.x} ${from.y} ${bend(from, to)}`
  const start = laneX === from.x ? `L ${laneX} ${out}` : bend(from, { x: laneX, y: out })
  const turn = back > out ? `L ${laneX} ${back}` : ''
  return `M ${from.x} ${from.y} ${start} ${turn} ${bend({ x: laneX, y: Math.max(back, out) }, to)}`
}
