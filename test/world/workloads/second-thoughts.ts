/**
 * Actions on earlier writes: undo and redo; reauthor and discard of messages that were refused. Each call
 * is compared with its promises at once.
 */
import type { Receipt, RefusedMessage } from '@countersign/core'
import { isDeepStrictEqual } from 'node:util'
import { isOperation } from '../../model/operations.ts'
import type { Random } from '../../model/random.ts'
import { must } from '../violation.ts'
import type { Visit } from '../visit.ts'

/** Rows by id, as data, without asking for the ids of messages. */
export type Picture = ReadonlyMap<string, Readonly<Record<string, unknown>>>

export interface Written {
  readonly receipts: readonly Receipt[]
  readonly ids: ReadonlySet<string>
}

export function pictureOf({ watch, types }: Visit): Picture {
  const rows = types.flatMap((type) => watch!.rows(type))
  return new Map(rows.map((row) => [row.id, { ...row, $archived: row.$archived }]))
}

/** Undoes what was written between `before` and now, and perhaps redoes it. */
export function takeBack(visit: Visit, before: Picture, random: Random): Written {
  const { store } = visit
  const after = pictureOf(visit)
  const ids = changedIn(before, after)
  const undone = store.undo()
  must(undone, 'S13', () => 'there is nothing to undo right after a write')
  if (!undone.receipt) return { receipts: [], ids }
  const now = pictureOf(visit)
  const skipped = new Set(undone.skipped.map(({ id }) => id))
  for (const id of ids) {
    const was = before.get(id) ?? { ...after.get(id)!, $archived: true }
    must(
      skipped.has(id) || isDeepStrictEqual(now.get(id), was),
      'S13',
      () => `undo left ${text(now.get(id))}, before was ${text(was)}`,
    )
  }
  if (random.chance(0.5)) return { receipts: [undone.receipt], ids }
  const redone = store.redo()
  must(redone, 'S13', () => 'there is nothing to redo right after an undo')
  const again = pictureOf(visit)
  for (const id of ids) {
    must(
      skipped.size > 0 ||
        redone.skipped.length > 0 ||
        isDeepStrictEqual(again.get(id), after.get(id)),
      'S13',
      () => `redo made ${text(again.get(id))}, before was ${text(after.get(id))}`,
    )
  }
  return { receipts: [undone.receipt, redone.receipt].filter((each) => each !== undefined), ids }
}

/**
 * Writes a refused message again where that can succeed, or discards it; undefined when there is
 * none.
 */
export function dealWithRefusal(
  visit: Visit,
  random: Random,
  isWise: (message: RefusedMessage) => boolean,
): Written | undefined {
  const { store } = visit
  const refused = store.refused.snapshot()
  if (refused.length === 0) return undefined
  const message = random.pick(refused)
  const before = pictureOf(visit)
  const all = refused.filter(
    ({ messageId }) => messageId === message.messageId || message.descendants.includes(messageId),
  )
  if (!all.every(isWise) || random.chance(0.4)) {
    store.discard(message.messageId)
    mustBeGone(visit, message)
    must(
      isDeepStrictEqual(pictureOf(visit), before),
      'S13',
      () => 'to discard a refused message has changed a row',
    )
    return { receipts: [], ids: new Set() }
  }
  const receipts = store.reauthor(message.messageId)
  mustBeGone(visit, message)
  const last = message.descendants.length === 0 ? message : undefined
  for (const { id, entity, kind, values } of last?.changes ?? []) {
    if (kind !== 'update') continue
    const row = store.peek(visit.typeNamed(entity), id).row as Record<string, unknown> | undefined
    for (const [field, value] of Object.entries(values)) {
      must(
        field === '$archived' || isOperation(value) || isDeepStrictEqual(row?.[field], value),
        'S13',
        () => `${entity}.${field} was written anew, and reads ${text(row?.[field])}`,
      )
    }
  }
  return { receipts, ids: changedIn(before, pictureOf(visit)) }
}

function mustBeGone({ store }: Visit, { messageId, descendants }: RefusedMessage): void {
  const gone = new Set([messageId, ...descendants])
  must(
    !store.refused.snapshot().some((left) => gone.has(left.messageId)),
    'S13',
    () => 'a refused message is dealt with, and still listed',
  )
}

function changedIn(before: Picture, after: Picture): Set<string> {
  const ids = [...after.keys()].filter((id) => !isDeepStrictEqual(before.get(id), after.get(id)))
  return new Set(ids)
}

function text(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing'
}
