/** Texts about an undo or a redo: the issue, and the fields that were skipped because others wrote them. */
import type { UndoReport } from '@countersign/core'
import { fieldWords, listed, quoted } from './words.ts'

export type Way = 'undo' | 'redo'

const done: Readonly<Record<Way, string>> = { undo: 'Undone', redo: 'Redone' }

/** @param titleOf the title of an issue; undefined for an unknown one. */
export function reportWords(
  way: Way,
  report: UndoReport | undefined,
  titleOf: (id: string) => string | undefined,
): string {
  if (!report) return `Nothing to ${way}.`
  const { receipt, skipped } = report
  const issue = (id: string): string => quoted(titleOf(id) ?? 'an issue that is not here')
  const left = [...new Set(skipped.map(({ id }) => id))].map((id) => {
    const fields = skipped.filter((one) => one.id === id).map(({ field }) => fieldWords(field))
    return `${listed([...new Set(fields)])} of ${issue(id)}`
  })
  const did = receipt
    ? `${done[way]} in ${issue(receipt.id)}.`
    : `Nothing was ${done[way].toLowerCase()}.`
  return left.length === 0
    ? did
    : `${did} Left as it is, because it was changed since: ${listed(left)}.`
}
