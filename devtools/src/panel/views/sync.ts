/**
 * Sync: the link, the position, the reviewer, and the outbox of this replica; the epochs of its lineage
 * and of those that parted from it; and which rows it keeps up to date.
 */
import type { CoverageRecord, EpochSummary, SyncRecord } from '@countersign/core/inspect'
import { ageText, bytesText, countText, shortId, dateText, valueText } from '../../model/words.ts'
import type { PanelContext, View } from '../context.ts'
import { h, mono } from '../dom.ts'
import { type TableRow, facts, pill, section, tableOf, wideSection } from '../parts.ts'

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
      const [sync, lineage, coverage] = await Promise.all([
        context.source.ask({ kind: 'sync' }),
        context.source.ask({ kind: 'lineage' }),
        context.source.ask({ kind: 'coverage' }),
      ])
      const seconds = Math.round((context.now() - (sync.outboxOldestAt ?? 0)) / 1_000)
      const now = JSON.stringify([sync, lineage, coverage, sync.outboxOldestAt && seconds])
      if (now === mark) return
      mark = now
      const tables = [...lineageSection(lineage), coverageSection(sync, coverage)]
      cards.replaceChildren(...cardsOf(sync, context.now()), ...tables)
    },
  }
}

function cardsOf(sync: SyncRecord, now: number): HTMLElement[] {
  const { position, reviewerId, authorId, sessionId } = sync
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
      'Position',
      position
        ? facts(
            ['Seq', position.seq.toLocaleString('en')],
            ['Epoch', `${position.epoch}`],
            ['Epoch record', id(position.eid)],
            ['Chain', mono(position.chain.slice(0, 10), position.chain)],
            ['Reviewer', id(reviewerId)],
            ['Provisional', provisionalText(sync)],
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

function id(value: string | null | undefined): HTMLElement | undefined {
  return value ? mono(shortId(value), value) : undefined
}

function provisionalText({ provisional }: SyncRecord): HTMLElement | string | undefined {
  if (!provisional) return undefined
  const { isSelf, reviewerId, epoch } = provisional
  const who = isSelf ? 'this store' : `peer ${shortId(reviewerId)}`
  return h('span', { title: reviewerId }, `${who} reviews, epoch ${epoch}`)
}

/** A space that never lost its reviewer has one epoch, which the position says. */
function lineageSection(lineage: readonly EpochSummary[]): readonly HTMLElement[] {
  if (lineage.length < 2) return []
  const rows = lineage.map(({ eid, epoch, why, at, seq, continues, isFollowed }): TableRow => [
    `${epoch}`,
    id(eid),
    why,
    dateText(at),
    seq.toLocaleString('en'),
    continues ? `epoch ${continues.epoch}, seq ${continues.seq.toLocaleString('en')}` : '–',
    pill(isFollowed ? 'followed' : 'parted'),
  ])
  const titles = ['Epoch', 'Record', 'Why', 'Began', 'First seq', 'Continues', 'Lineage']
  return [wideSection('Epochs', tableOf('Epochs', titles, rows))]
}

function coverageSection(sync: SyncRecord, { scopes, pagesAsked }: CoverageRecord): HTMLElement {
  if (!scopes) {
    const upTo = sync.position ? ` up to seq ${sync.position.seq.toLocaleString('en')}` : ''
    return section('Coverage', h('p', { class: 'soft' }, `All rows of the space${upTo}.`))
  }
  const rows = scopes.map(({ type, where, holders, isCovered }): TableRow => {
    const conditions = valueText(where, 400)
    return [
      type,
      mono(conditions === '{}' ? 'all rows' : conditions),
      `${holders}`,
      pill(isCovered ? 'here' : 'requested'),
    ]
  })
  const asked = pagesAsked > 0 && `${countText(pagesAsked, 'page')} asked for.`
  return wideSection(
    'Coverage',
    tableOf('Coverage', ['Type', 'Rows', 'Needed by', 'State'], rows),
    asked && h('p', { class: 'soft' }, asked),
  )
}
