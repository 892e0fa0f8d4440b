/** Storage: its health, its sizes, and the position of its checkpoint. */
import type { StorageHealth, StorageRecord, SyncRecord } from '@countersign/core/inspect'
import { bytesText, countText, dateText } from '../../model/words.ts'
import type { PanelContext, View } from '../context.ts'
import { h } from '../dom.ts'
import { bar, button, facts, pill, section } from '../parts.ts'

/** A rank is an epoch above 36 bits of seq. */
const EPOCH: number = 2 ** 36

const LASTS: Readonly<Record<StorageHealth['lasts'], string>> = {
  kept: 'until the person deletes it',
  evictable: 'until the browser lacks space',
  session: 'for this session',
  unknown: 'unknown',
}

const NAMES: Readonly<Record<string, string>> = {
  own: 'Own flushes',
  tail: 'Canonical tail',
  rejections: 'Rejections',
  checkpoint: 'Checkpoint pages',
}

export function storageView(context: PanelContext): View {
  const cards = h('div', { class: 'cards' })
  /** Reading the whole storage is expensive, so it happens once at first and then on request. */
  let stored: Promise<StorageRecord> | undefined
  let mark: string | undefined
  const measure = (): void => {
    stored = context.source.ask({ kind: 'storage' })
    context.refresh()
  }
  return {
    element: h(
      'div',
      { class: 'view' },
      bar(button('Measure again', measure)),
      h(
        'div',
        { class: 'view--scroll', role: 'region', 'aria-label': 'Storage', tabindex: 0 },
        cards,
      ),
    ),
    async refresh() {
      stored ??= context.source.ask({ kind: 'storage' })
      const [measured, sync] = await Promise.all([stored, context.source.ask({ kind: 'sync' })])
      const record = { ...measured, health: sync.storage, trouble: sync.storageTrouble }
      const { storageHealth: lasting } = sync
      const now = JSON.stringify([record, lasting])
      if (now === mark) return
      mark = now
      cards.replaceChildren(...cardsOf(record, lasting))
    },
  }
}

function cardsOf(record: StorageRecord, lasting: SyncRecord['storageHealth']): HTMLElement[] {
  const { parts, rank, checkpointRank } = record
  const all = (parts ?? []).reduce((bytes, part) => bytes + part.bytes, 0)
  return [
    section(
      'Health',
      facts(
        ['State', pill(record.health)],
        ['Trouble', record.trouble],
        ['Waiting', `${countText(record.outboxFlushes, 'flush', 'flushes')} without a verdict`],
      ),
    ),
    section(
      'How long it lasts',
      lasting
        ? facts(
            ['Kept', LASTS[lasting.lasts]],
            ['Used', usedText(lasting)],
            ['Emptied', lasting.evictedAt === undefined ? 'never' : dateText(lasting.evictedAt)],
            [
              'At risk',
              lasting.messagesAtRisk === 0
                ? 'nothing'
                : pill(`${countText(lasting.messagesAtRisk, 'message')} nowhere but here`),
            ],
          )
        : h('p', { class: 'soft' }, 'Not known.'),
    ),
    section(
      'Size',
      parts
        ? facts(
            ...parts.map(
              ({ kind, records, bytes }) =>
                [
                  NAMES[kind] ?? kind,
                  `${bytesText(bytes)} in ${countText(records, 'record')}`,
                ] as const,
            ),
            ['Text in total', bytesText(all)],
          )
        : h('p', { class: 'soft' }, 'Nothing is stored, or it cannot be read.'),
    ),
    section(
      'Compaction',
      rank === undefined
        ? h('p', { class: 'soft' }, 'No canonical position is stored.')
        : facts(
            ['Stored position', seqText(rank)],
            ['Checkpoint', checkpointRank === undefined ? 'none yet' : seqText(checkpointRank)],
            ['Tail after it', tailText(rank, checkpointRank ?? 0)],
          ),
    ),
  ]
}

function usedText({ usedBytes, quotaBytes }: StorageHealth): string {
  if (usedBytes === undefined) return 'unknown'
  const of = quotaBytes === undefined ? '' : ` of ${bytesText(quotaBytes)}`
  return `${bytesText(usedBytes)}${of}`
}

function seqOf(rank: number): number {
  return rank % EPOCH
}

function tailText(rank: number, checkpointRank: number): string {
  const reviews = rank - checkpointRank
  return reviews < EPOCH ? countText(Math.max(0, reviews), 'review') : 'of a later epoch'
}

function seqText(rank: number): string {
  return `epoch ${Math.floor(rank / EPOCH)}, seq ${seqOf(rank).toLocaleString('en')}`
}
