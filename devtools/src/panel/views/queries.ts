/** Queries: the open queries, their rows, and the cost of keeping them up to date. */
import type { QueryRecord } from '@countersign/core/inspect'
import { valueText } from '../../model/words.ts'
import type { PanelContext, View } from '../context.ts'
import { h, keyed, mono, setAttribute, setText } from '../dom.ts'
import { emptyPlace } from '../parts.ts'

const COLUMNS: readonly (readonly [title: string, kind: string])[] = [
  ['Type', ''],
  ['Query', 'query'],
  ['Listeners', 'wide'],
  ['Rows', ''],
  ['Updates', ''],
  ['Reads', 'wide'],
  ['A read', ''],
]

export function queriesView(context: PanelContext): View {
  const body = h('tbody')
  const table = h(
    'table',
    { class: 'table' },
    h(
      'thead',
      {},
      h('tr', {}, ...COLUMNS.map(([title, kind]) => h('th', { scope: 'col', class: kind }, title))),
    ),
    body,
  )
  const empty = emptyPlace('No open queries', 'A query is open while it has a subscriber.')
  return {
    element: h(
      'div',
      { class: 'view view--scroll', role: 'region', 'aria-label': 'Queries', tabindex: 0 },
      table,
      empty,
    ),
    tick: () => context.refresh(),
    async refresh() {
      const queries = await context.source.ask({ kind: 'queries' })
      setAttribute(table, 'hidden', queries.length === 0)
      setAttribute(empty, 'hidden', queries.length > 0)
      keyed(body, queries, {
        key: ({ type, query }) => `${type} ${JSON.stringify(query)}`,
        make: () => h('tr', {}, ...COLUMNS.map(([, kind]) => h('td', { class: kind }))),
        update: (row, query) => draw(row, query),
      })
    },
  }
}

function draw(row: HTMLElement, query: QueryRecord): void {
  const cells = [...row.children]
  const text = valueText(query.query, 400)
  setText(cells[0]!, query.type)
  if (cells[1]!.textContent !== text)
    cells[1]!.replaceChildren(mono(text === '{}' ? 'all rows' : text))
  const isRead = query.reads > 0 || query.rows > 0
  const cost = ((query.readMs / query.reads) * 1_000).toFixed(0)
  setText(cells[2]!, String(query.listeners))
  setText(
    cells[3]!,
    isRead ? `${query.rows.toLocaleString('en')}${query.complete ? '' : ' so far'}` : '–',
  )
  setText(cells[4]!, String(query.updates))
  setText(cells[5]!, String(query.reads))
  setText(cells[6]!, query.reads === 0 ? '–' : `${cost}\u00a0µs`)
}
