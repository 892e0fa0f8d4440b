/** Timeline: messages and reviews as they happen, and a row at the time of an event. */
import { type InspectEvent, type RowRecord, isMessageEvent } from '@countersign/core/inspect'
import { TIMELINE_GROUPS, type TimelineGroup } from '../../model/timeline.ts'
import { clockText, countText, shortId, valueText } from '../../model/words.ts'
import type { PanelContext, View } from '../context.ts'
import { h, mono, setAttribute, setText } from '../dom.ts'
import { Split, bar, button, emptyPlace, facts, pill, section } from '../parts.ts'
import { VirtualList } from '../virtual-list.ts'

export function timelineView(context: PanelContext): View {
  const { timeline } = context
  const list = new VirtualList<InspectEvent>({
    label: 'Events, newest first',
    columns: [
      { title: 'Time', class: 'cell time', text: ({ at }) => clockText(at) },
      { title: 'What', class: 'cell state', text: ({ kind }) => kind },
      { title: 'About', class: 'cell grow', text: aboutText, full: aboutText },
      { title: 'Author', class: 'cell id wide', text: authorText },
    ],
    key: ({ seq }) => String(seq),
    state: ({ kind }) => kind,
    empty: {
      title: 'Nothing has happened yet',
      text: 'Messages that are written, sent, reviewed and received are listed here from now on.',
    },
    onChoose: (event) => void show(event),
  })
  const split = new Split(list.element, 'Event')
  const search = h('input', {
    type: 'search',
    class: 'input',
    placeholder: 'Filter: type, id, author, state',
    'aria-label': 'Filter events',
    on: { input: () => draw() },
  })
  const groups = h(
    'select',
    { class: 'input', 'aria-label': 'Which events', on: { change: () => draw() } },
    ...TIMELINE_GROUPS.map(([value, label]) => h('option', { value }, label)),
  )
  const pause = button('Pause', () => {
    if (timeline.paused) timeline.go()
    else timeline.pause()
    draw()
  })
  const count = h('span', { class: 'soft count' })

  const draw = (): void => {
    const group = groups.value as TimelineGroup
    const shown = timeline.shown({ group, text: search.value })
    list.set(shown)
    setText(pause, timeline.paused ? `Resume (${timeline.behind} new)` : 'Pause')
    setAttribute(pause, 'aria-pressed', timeline.paused ? 'true' : 'false')
    const lost = context.source.dropped
    setText(
      count,
      `${countText(shown.length, 'event')}${lost > 0 ? `, ${lost} older ones dropped` : ''}`,
    )
  }
  let turn = 0
  const show = async (event: InspectEvent | undefined): Promise<void> => {
    const mine = ++turn
    const content = event
      ? await detailOf(event, context)
      : emptyPlace('No event chosen', 'Choose one to see the row as it was then.')
    if (mine === turn) split.show(content, event !== undefined)
  }
  void show(undefined)

  return {
    element: h('div', { class: 'view' }, bar(search, groups, pause, count), split.element),
    async refresh() {
      draw()
    },
    end: () => list.end(),
  }
}

function aboutText(event: InspectEvent): string {
  if (event.kind === 'snapshot')
    return `${countText(event.rows, 'row')} at seq ${event.position.seq}`
  if (!isMessageEvent(event)) return [event.state, event.text].filter(Boolean).join(': ')
  const { entities, changes } = event.message
  const [first] = entities
  const name = first ? `${first.type} ${shortId(first.id)}` : 'a message without changes here'
  const more = changes > 1 ? ` and ${changes - 1} more` : ''
  const why = event.kind === 'rejected' ? `: ${event.refusal.reason}` : ''
  const place = 'review' in event ? `, seq ${event.review.seq}` : ''
  return `${name}${more}${why}${place}`
}

function authorText(event: InspectEvent): string {
  return isMessageEvent(event) ? shortId(event.message.authorId) : ''
}

async function detailOf(event: InspectEvent, context: PanelContext): Promise<HTMLElement> {
  const head = h('div', { class: 'detail__head' }, pill(event.kind), h('h2', {}, aboutText(event)))
  if (!isMessageEvent(event)) {
    return h('div', { class: 'detail' }, head, facts(['At', clockText(event.at)]))
  }
  const { message } = event
  const rows = await Promise.all(
    message.entities.map((entity) =>
      context.source.ask({ kind: 'rowAt', ...entity, upTo: message.name }),
    ),
  )
  return h(
    'div',
    { class: 'detail' },
    head,
    facts(
      ['At', clockText(event.at)],
      ['Message', mono(message.id ? shortId(message.id) : 'no id yet', message.id ?? message.name)],
      ['Author', mono(shortId(message.authorId), message.authorId)],
      [
        'Reviewer',
        'review' in event && mono(shortId(event.review.reviewerId), event.review.reviewerId),
      ],
      ['Forked', 'review' in event && event.review.forked && 'concurrent with another change'],
      ['Why', event.kind === 'rejected' && (event.refusal.detail ?? event.refusal.reason)],
    ),
    ...message.entities.map((entity, at) =>
      section(
        `${entity.type} as it was then`,
        rowOf(rows[at]),
        h(
          'div',
          { class: 'actions' },
          button('History', () => context.open('row', entity)),
          button('Now', () => context.open('entity', entity)),
        ),
      ),
    ),
  )
}

function rowOf(row: RowRecord | undefined): HTMLElement {
  if (!row)
    return h('p', { class: 'soft' }, 'The history on this device does not have this moment.')
  return facts(
    ...row.fields.map(
      ({ reg, value, conflict }) =>
        [
          reg,
          h('span', {}, mono(valueText(value)), conflict && ' ', conflict && pill('conflict')),
        ] as const,
    ),
    ['archived', row.archived && 'yes'],
  )
}
