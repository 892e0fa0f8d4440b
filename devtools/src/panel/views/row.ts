/** Row: the history of one entity as a graph, its state at any point, and its conflicts. */
import {
  type Dag,
  type EntityName,
  type RowRecord,
  liveRegisters,
  rowAt,
} from '@countersign/core/inspect'
import { countText, shortId, valueText } from '../../model/words.ts'
import type { PanelContext, View } from '../context.ts'
import { h, mono, setAttribute, setText } from '../dom.ts'
import { DagList } from '../dag-list.ts'
import { Split, bar, button, emptyPlace, facts, pill, section } from '../parts.ts'

/** Maximum candidates shown. A reviewer accepts no more in a conflict. */
const CANDIDATES_MAX = 32

export function rowView(context: PanelContext): View {
  const { source } = context
  let dag: Dag | undefined
  let now: RowRecord | undefined
  /** Name of the last included message; undefined: now. */
  let upTo: string | undefined
  const graph = new DagList((name) => {
    upTo = name === dag?.nodes.at(-1)?.name ? undefined : name
    draw()
  })
  const split = new Split(graph.element, 'Row')
  const title = h('span', { class: 'bar__title' }, 'No row chosen')
  const time = momentSlider((at) => {
    upTo = at >= (dag?.nodes.length ?? 0) ? undefined : dag?.nodes[at - 1]?.name
    draw()
  })
  const moment = h('span', { class: 'soft count' })

  let mark: string | undefined
  const draw = (): void => {
    const place =
      upTo === undefined ? -1 : (dag?.nodes.findIndex(({ name }) => name === upTo) ?? -1)
    if (place < 0) upTo = undefined
    const count = dag?.nodes.length ?? 0
    const row = upTo === undefined ? now : dag && rowAt(dag, upTo)
    setAttribute(time, 'max', Math.max(1, count))
    time.value = String(place < 0 ? count : place + 1)
    setAttribute(time, 'disabled', count < 2)
    setText(moment, momentText(upTo === undefined ? undefined : place + 1, count))
    const drawn = JSON.stringify([
      context.selected,
      upTo,
      row,
      count,
      dag?.nodes.map(({ state }) => state),
    ])
    if (drawn === mark) return
    mark = drawn
    if (!dag || !row) {
      graph.clear()
      split.show(
        emptyPlace('No row chosen', 'Choose one under Entity, or follow a message to it.'),
        false,
      )
      return
    }
    graph.draw(dag, { row, live: liveRegisters(row), upTo })
    split.show(detailOf(row, { dag, context, isNow: upTo === undefined }), true)
  }

  let shown: EntityName | undefined
  return {
    element: h('div', { class: 'view' }, bar(title, time, moment), split.element),
    end: () => graph.end(),
    async refresh() {
      const { selected } = context
      if (selected?.id !== shown?.id) upTo = undefined
      shown = selected
      setText(title, selected ? `${selected.type} ${shortId(selected.id)}` : 'No row chosen')
      ;[dag, now] = selected
        ? await Promise.all([
            source.ask({ kind: 'dagOf', ...selected }),
            source.ask({ kind: 'rowAt', ...selected }),
          ])
        : []
      draw()
    },
  }
}

/** `onMove` is called with the number of included messages, from 1 on. */
function momentSlider(onMove: (at: number) => void): HTMLInputElement {
  const slider = h('input', {
    type: 'range',
    class: 'range',
    min: 1,
    value: 1,
    'aria-label': 'Moment of its history',
    on: { input: () => onMove(Number(slider.value)) },
  })
  return slider
}

/** The label of the slider. `at`: the number of included messages; undefined: all. */
function momentText(at: number | undefined, count: number): string {
  if (count === 0) return ''
  return at === undefined ? `now, ${countText(count, 'message')}` : `${at} of ${count}`
}

interface Around {
  readonly dag: Dag
  readonly context: PanelContext
  readonly isNow: boolean
}

function detailOf(row: RowRecord, around: Around): HTMLElement {
  const { dag, isNow } = around
  const conflicts = row.fields.filter(({ conflict }) => conflict)
  return h(
    'div',
    { class: 'detail' },
    h(
      'div',
      { class: 'detail__head' },
      row.archived && pill('archived'),
      h('h2', {}, isNow ? 'The row now' : 'The row as it was then'),
    ),
    facts(
      ...row.fields.map(
        ({ reg, value, conflict }) =>
          [
            reg,
            h('span', {}, mono(valueText(value)), conflict && ' ', conflict && pill('conflict')),
          ] as const,
      ),
    ),
    ...conflicts.map((field) => conflictOf(row, field, around)),
    dag.cut &&
      h(
        'p',
        { class: 'soft' },
        'Older history is not on this device; values from before may be missing here.',
      ),
  )
}

function conflictOf(
  row: RowRecord,
  { reg, base, candidates }: RowRecord['fields'][number],
  { dag, context, isNow }: Around,
): HTMLElement {
  const { source } = context
  const told = candidates.slice(0, CANDIDATES_MAX)
  const names = new Set(told.map(({ node }) => node))
  const nodes = new Map(
    dag.nodes.filter(({ name }) => names.has(name)).map((node) => [node.name, node]),
  )
  const more = candidates.length - told.length
  const choose = (take: string): void => {
    const { type, id } = row
    void source.run({ kind: 'resolve', type, id, reg, take }).then((outcome) => {
      context.say(outcome.ok ? `${reg} is resolved; its verdict is pending` : outcome.message)
      context.refresh()
    })
  }
  return section(
    `Conflict in ${reg}`,
    facts(['Before', base === undefined ? 'unset, or no single value' : mono(valueText(base))]),
    h(
      'ul',
      { class: 'candidates' },
      ...told.map(({ node, value }) => {
        const writer = nodes.get(node)
        return h(
          'li',
          {},
          h('span', { class: 'candidates__value' }, mono(valueText(value))),
          h(
            'span',
            { class: 'soft' },
            `by ${shortId(writer?.authorId ?? '')}, ${writer?.review ? `seq ${writer.review.seq}` : 'pending'}`,
          ),
          isNow && source.commands.includes('resolve') && button('Take this', () => choose(node)),
        )
      }),
    ),
    more > 0 && h('p', { class: 'soft' }, `and ${more} more`),
  )
}
