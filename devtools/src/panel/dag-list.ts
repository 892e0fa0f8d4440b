/**
 * A history, newest on top: one line a message, with the graph in SVG. Heads have a ring, live
 * writes are filled. Only the visible part is drawn. One tab stop; arrow keys move the selection.
 */
import type { Dag, DagNode, RowRecord } from '@countersign/core/inspect'
import { type DagLayout, type PlacedNode, edgesIn, layoutDag } from '../model/dag-layout.ts'
import { type ListView, type RowWindow, scrollTo, windowOf } from '../model/window.ts'
import { shortId } from '../model/words.ts'
import { freshId, h, setAttribute, svg } from './dom.ts'
import { emptyPlace, pill } from './parts.ts'

const LINE_PX = 40
const LANE_PX = 16
const LANES_SHOWN_MAX = 8

export interface DagMarks {
  readonly row: RowRecord
  /** By name of the node, the registers in which it is live. */
  readonly live: ReadonlyMap<string, readonly string[]>
  /** The last message that is included. */
  readonly upTo: string | undefined
}

/** The input of a drawing. */
interface Drawn {
  readonly dag: Dag
  readonly layout: DagLayout
  readonly marks: DagMarks
  /** Lines above this one are not included. */
  readonly firstCounted: number
  /** The width of the graph, px. */
  readonly width: number
}

export class DagList {
  readonly element: HTMLElement
  readonly #box: HTMLElement
  readonly #spacer = h('div', { class: 'dag__spacer', role: 'presentation' })
  readonly #onChoose: (name: string) => void
  readonly #ids = freshId('dag')
  readonly #resize: ResizeObserver | undefined
  #drawn: Drawn | undefined
  #chosen = 0
  #due = false

  constructor(onChoose: (name: string) => void) {
    this.#onChoose = onChoose
    this.#box = h(
      'div',
      {
        class: 'dag',
        role: 'listbox',
        tabindex: 0,
        'aria-label': 'History, newest first',
        on: {
          keydown: (event) => this.#key(event),
          click: (event) => this.#click(event),
          scroll: () => this.#drawSoon(),
        },
      },
      this.#spacer,
    )
    this.element = h('div', { class: 'list' }, this.#box)
    if (typeof ResizeObserver !== 'undefined') {
      this.#resize = new ResizeObserver(() => this.#drawSoon())
      this.#resize.observe(this.#box)
    }
  }

  end(): void {
    this.#resize?.disconnect()
  }

  clear(): void {
    this.#drawn = undefined
    this.element.replaceChildren(
      emptyPlace('No history', 'A row has one node for each message that changed it.'),
    )
  }

  draw(dag: Dag, marks: DagMarks): void {
    const before = this.#drawn
    const layout = before?.dag === dag ? before.layout : layoutDag(dag.nodes)
    const ends = marks.upTo ?? dag.nodes.at(-1)?.name
    this.#chosen = Math.max(
      0,
      layout.nodes.findIndex(({ node }) => node.name === ends),
    )
    const width = Math.min(layout.lanes, LANES_SHOWN_MAX) * LANE_PX + 12
    this.#drawn = { dag, layout, marks, firstCounted: this.#chosen, width }
    this.#spacer.style.height = `${layout.nodes.length * LINE_PX}px`
    if (this.#box.parentElement !== this.element) this.element.replaceChildren(this.#box)
    this.#draw(this.#drawn)
  }

  #drawSoon(): void {
    if (this.#due) return
    this.#due = true
    requestAnimationFrame(() => {
      this.#due = false
      if (this.#drawn) this.#draw(this.#drawn)
    })
  }

  #view({ layout }: Drawn): ListView {
    return {
      count: layout.nodes.length,
      rowHeightPx: LINE_PX,
      scrollTopPx: this.#box.scrollTop,
      heightPx: this.#box.clientHeight,
    }
  }

  #draw(drawn: Drawn): void {
    const seen = windowOf(this.#view(drawn))
    const lines = drawn.layout.nodes
      .slice(seen.from, seen.to)
      .map((placed) => this.#line(placed, drawn))
    this.#spacer.replaceChildren(graphOf(drawn, seen), ...lines)
    const isSeen = this.#chosen >= seen.from && this.#chosen < seen.to
    setAttribute(
      this.#box,
      'aria-activedescendant',
      isSeen ? `${this.#ids}-${this.#chosen}` : undefined,
    )
  }

  #line({ node, line }: PlacedNode, { marks, width, firstCounted, layout }: Drawn): HTMLElement {
    const isCounted = line >= firstCounted
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
        'aria-posinset': line + 1,
        'aria-setsize': layout.nodes.length,
        style: `top:${line * LINE_PX}px;padding-left:${width}px`,
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
    if (step === undefined || !this.#drawn) return
    event.preventDefault()
    const { layout } = this.#drawn
    const next = Math.min(layout.nodes.length - 1, Math.max(0, this.#chosen + step))
    const scroll = scrollTo(next, this.#view(this.#drawn))
    if (scroll !== undefined) this.#box.scrollTop = scroll
    this.#onChoose(layout.nodes[next]!.node.name)
  }
}

function whoText({ authorId, review }: DagNode): string {
  return `${shortId(authorId)} → ${review ? `${shortId(review.reviewerId)} ${review.epoch}.${review.seq}` : 'no review yet'}`
}

/** The part of the graph between two lines, in an element of their height. */
function graphOf({ layout, marks, firstCounted, width }: Drawn, seen: RowWindow): SVGElement {
  const x = (lane: number): number => 14 + Math.min(lane, LANES_SHOWN_MAX - 1) * LANE_PX
  const y = (line: number): number => (line - seen.from) * LINE_PX + LINE_PX / 2
  const isOff = (line: number): '' | undefined => (line < firstCounted ? '' : undefined)
  const edges = edgesIn(layout, seen, LANES_SHOWN_MAX).map(({ from, to, lane }) =>
    svg('path', {
      class: 'dag__edge',
      'data-off': isOff(from.line),
      d: edgePath({ x: x(from.lane), y: y(from.line) }, { x: x(to.lane), y: y(to.line) }, x(lane)),
    }),
  )
  const dots = layout.nodes.slice(seen.from, seen.to).flatMap(({ node, lane, line }) => {
    const at = { cx: x(lane), cy: y(line) }
    const isHead = marks.row.heads.includes(node.name)
    const dot = svg('circle', {
      ...at,
      r: 5,
      class: 'dag__dot',
      'data-live': marks.live.has(node.name) ? '' : undefined,
      'data-pending': node.review ? undefined : '',
      'data-off': isOff(line),
    })
    return isHead && isOff(line) === undefined
      ? [svg('circle', { ...at, r: 8.5, class: 'dag__ring' }), dot]
      : [dot]
  })
  const height = (seen.to - seen.from) * LINE_PX
  return svg(
    'svg',
    {
      class: 'dag__graph',
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      style: `top:${seen.from * LINE_PX}px`,
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

/** The path of an edge: to its lane within one line, down, and to the parent within the last line. */
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
