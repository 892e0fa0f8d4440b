/** Outbox: own messages, their states, what each waits for, and commands for them. */
import type { MessageRecord } from '@countersign/core/inspect'
import {
  type OutboxFilter,
  type OutboxRow,
  isRefused,
  outboxCounts,
  outboxRows,
  dependentsOf,
} from '../../model/outbox.ts'
import { ageText, bytesText, clockText, countText, shortId, valueText } from '../../model/words.ts'
import type { PanelContext, View } from '../context.ts'
import { h, mono } from '../dom.ts'
import {
  Choices,
  Split,
  bar,
  button,
  emptyPlace,
  facts,
  pill,
  section,
  sureButton,
} from '../parts.ts'
import { VirtualList } from '../virtual-list.ts'

export function outboxView(context: PanelContext): View {
  const { source } = context
  const list = listOfMessages(context, (row) => void show(row))
  const split = new Split(list.element, 'Message')
  const filter = new Choices<OutboxFilter>(
    'Which messages',
    [
      { value: 'open', label: 'Open' },
      { value: 'refused', label: 'Refused' },
      { value: 'accepted', label: 'Accepted' },
      { value: 'all', label: 'All' },
    ],
    () => context.refresh(),
  )

  let own: readonly MessageRecord[] = []
  let shown: string | undefined = ''
  let turn = 0
  const show = async (row: OutboxRow | undefined): Promise<void> => {
    const above = row && isRefused(row.message) ? dependentsOf(row.message, own) : []
    const mark = row && JSON.stringify([row.message, row.attempts, row.waitsFor, above])
    if (mark === shown) return
    shown = mark
    const mine = ++turn
    // The list has no values; they are requested for the chosen message only.
    const which = { name: row?.message.name ?? '' }
    const [message] = row ? await source.ask({ kind: 'messages', which, values: true }) : []
    if (mine !== turn) return
    const content =
      row && message
        ? detailOf({ ...row, message, above }, context)
        : emptyPlace('No message chosen', 'Choose one to see its changes, its verdict and why.')
    split.show(content, row !== undefined)
  }
  void show(undefined)

  return {
    element: h('div', { class: 'view' }, bar(filter.element), split.element),
    async refresh() {
      const [messages, sync] = await Promise.all([
        source.ask({ kind: 'messages', which: 'own', values: false }),
        source.ask({ kind: 'sync' }),
      ])
      own = messages
      const counts = outboxCounts(messages)
      filter.label('open', `Open ${counts.open}`)
      filter.label('refused', `Refused ${counts.refused}`)
      filter.label('accepted', `Accepted ${counts.accepted}`)
      filter.label('all', `All ${counts.all}`)
      list.set(outboxRows(messages, filter.value, { sync, attempts: context.attempts }))
      await show(list.chosen)
    },
    tick: () => list.redraw(),
    end: () => list.end(),
  }
}

function listOfMessages(
  context: PanelContext,
  onChoose: (row: OutboxRow | undefined) => void,
): VirtualList<OutboxRow> {
  return new VirtualList<OutboxRow>({
    label: 'Own messages',
    columns: [
      { title: 'State', class: 'cell state', text: ({ message }) => message.state },
      {
        title: 'Changes',
        class: 'cell grow',
        text: ({ message }) => changesText(message),
        full: ({ message }) => message.id ?? message.name,
      },
      { title: 'Waits for', class: 'cell grow wide', text: ({ waitsFor }) => waitsFor },
      {
        title: 'Age',
        class: 'cell num',
        text: ({ message }) => ageText(context.now() - message.timestamp),
      },
      { title: 'Tries', class: 'cell num wide', text: ({ attempts }) => String(attempts) },
      { title: 'Size', class: 'cell num wide', text: ({ message }) => bytesText(message.bytes) },
    ],
    key: ({ message }) => message.name,
    state: ({ message }) => message.state,
    empty: {
      title: 'Nothing here',
      text: 'Own messages are listed here until they have a verdict of the reviewer.',
    },
    onChoose,
  })
}

function changesText({ changes }: MessageRecord): string {
  const [first] = changes
  if (!first) return 'a message whose parent is missing'
  const more = changes.length > 1 ? ` and ${changes.length - 1} more` : ''
  return `${first.kind} ${first.type} ${shortId(first.id)}${more}`
}

interface Shown extends OutboxRow {
  /** Names of the refused messages that depend on it. */
  readonly above: readonly string[]
}

function detailOf(shown: Shown, context: PanelContext): HTMLElement {
  const { message, attempts, waitsFor, above } = shown
  const { review, refusal, blockedBy = [], standing = [] } = message
  return h(
    'div',
    { class: 'detail' },
    h('div', { class: 'detail__head' }, pill(message.state), h('h2', {}, changesText(message))),
    buttonsOf(shown, context),
    facts(
      [review || refusal ? 'Verdict' : 'Waits for', waitsFor],
      ['Why', refusal?.detail],
      ['Blocked by', blockedBy.length > 0 && mono(blockedBy.map(shortId).join(', '))],
      ['Blocks', above.length > 0 && mono(above.map(shortId).join(', '))],
      ['Message', mono(message.id ? shortId(message.id) : 'no id yet', message.id ?? message.name)],
      ['Written', `${clockText(message.timestamp)} by ${shortId(message.authorId)}`],
      ['Reviewer', review ? mono(shortId(review.reviewerId), review.reviewerId) : undefined],
      ['Position', review ? `epoch ${review.epoch}, seq ${review.seq}` : undefined],
      ['Sent', `${countText(attempts, 'time')} since this panel opened`],
      ['Size', `about ${bytesText(message.bytes)}`],
    ),
    standing.length > 0 &&
      section(
        'Decided before it arrived',
        facts(
          ...standing.map(
            ({ reg, value, authorId }) =>
              [reg, h('span', {}, mono(valueText(value)), ` by ${shortId(authorId)}`)] as const,
          ),
        ),
      ),
    ...message.changes.slice(0, 20).map((change) =>
      section(
        `${change.kind} ${change.type}`,
        h(
          'p',
          { class: 'soft' },
          h(
            'button',
            {
              type: 'button',
              class: 'link mono',
              title: change.id,
              on: { click: () => context.open('row', { type: change.type, id: change.id }) },
            },
            shortId(change.id),
          ),
          ` version ${change.version}, ${countText(change.parents.length, 'parent')}`,
        ),
        facts(
          ...change.regs.map((reg, at) => [reg, mono(valueText(change.values?.[at]))] as const),
        ),
      ),
    ),
    message.changes.length > 20 &&
      h('p', { class: 'soft' }, `and ${countText(message.changes.length - 20, 'more change')}`),
  )
}

function buttonsOf({ message, above }: Shown, context: PanelContext): HTMLElement {
  const { source } = context
  const can = (kind: 'retry' | 'discard'): boolean => source.commands.includes(kind)
  const run = (kind: 'retry' | 'discard', done: string): void => {
    void source.run({ kind, message: message.name }).then((outcome) => {
      context.say(outcome.ok ? done : outcome.message)
      context.refresh()
    })
  }
  const refused = isRefused(message)
  // A command on a refused message includes its dependents, so the button shows their number.
  const all = above.length > 0 ? ` all ${above.length + 1}` : ''
  const waits =
    message.state === 'queued' || message.state === 'volatile' || message.state === 'sent'
  return h(
    'div',
    { class: 'actions' },
    can('retry') && waits && button('Send now', () => run('retry', 'Sent again')),
    can('retry') && refused && button(`Write${all} again`, () => run('retry', 'Written again')),
    can('discard') &&
      refused &&
      sureButton(`Discard${all}`, 'Discard for good?', () => run('discard', 'Discarded')),
    button('Copy', () => void copy(JSON.stringify(message, null, 2), context)),
  )
}

async function copy(text: string, context: PanelContext): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
    context.say('Copied')
  } catch {
    context.say('The browser did not allow copying')
  }
}
