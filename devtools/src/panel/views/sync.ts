/** Sync: the link, the position, the reviewer, and the outbox of this replica. */
import type { SyncRecord } from '@countersign/core/inspect'
import { ageText, bytesText, countText, shortId } from '../../model/words.ts'
import type { PanelContext, View } from '../context.ts'
import { h, mono } from '../dom.ts'
import { facts, pill, section } from '../parts.ts'

export function syncView(context: PanelContext): View {
  const cards = h('div', { class: 'cards' })
  let mark: string | undefined
  return {
    element: h(
      'div',
      { class: 'view view--scroll', role: 'region', 'aria-label': 'Sync', tabindex: 0 },
      cards,
    ),
    tick: () => context.refresh(),
    async refresh() {
      const sync = await context.source.ask({ kind: 'sync' })
      const seconds = Math.round((context.now() - (sync.outboxOldestAt ?? 0)) / 1_000)
      const now = JSON.stringify([sync, sync.outboxOldestAt && seconds])
      if (now === mark) return
      mark = now
      cards.replaceChildren(...cardsOf(sync, context.now()))
    },
  }
}

function cardsOf(sync: SyncRecord, now: number): HTMLElement[] {
  const { position, reviewerId, authorId, sessionId } = sync
  const id = (value: string | null | undefined): HTMLElement | undefined =>
    value ? mono(shortId(value), value) : undefined
  return [
    section(
      'Connection',
      facts(
        ['State', pill(sync.connection)],
        ['Note', sync.connectionNote],
        ['Halted', sync.halted],
        ['Caught up', sync.caughtUp ? 'yes' : 'not yet'],
        ['Space', id(sync.space)],
      ),
    ),
    section(
      'Position and lineage',
      position
        ? facts(
            ['Seq', position.seq.toLocaleString('en')],
            ['Epoch', `${position.epoch}`],
            ['Epoch record', id(position.eid)],
            ['Chain', mono(position.chain.slice(0, 10), position.chain)],
            ['Reviewer', id(reviewerId)],
          )
        : h('p', { class: 'soft' }, 'No data of a reviewer yet.'),
    ),
    section(
      'Outbox',
      facts(
        ['Waiting', countText(sync.outboxMessages, 'message')],
        ['Size', bytesText(sync.outboxBytes)],
        ['Oldest', sync.outboxOldestAt !== undefined && ageText(now - sync.outboxOldestAt)],
        ['Refused', countText(sync.rejectedMessages, 'message')],
      ),
    ),
    section('Identity', facts(['Author', id(authorId)], ['Session', id(sessionId)])),
  ]
}
