/** Compares the stored head of a space with its log. */
import { type StoredHead, readHead } from '../../review/stored.ts'
import { readEpoch } from '../../wire/records.ts'
import type { ChainCheck } from './chain-check.ts'

/** Why a head is not that of a log that was read to its end; undefined where it is. */
export function headFault(text: string, chain: ChainCheck): string | undefined {
  const head = headIn(text)
  if (!head) return 'its text is not that of a head'
  const { position, lineage, assigned } = chain
  const isEnd = (['eid', 'epoch', 'seq', 'chain', 'sig'] as const).every(
    (name) => head.position[name] === position[name],
  )
  if (!isEnd) return `its position is not that of the last batch, at seq ${position.seq}`
  const epochs = lineage.epochs.filter(({ prev }) => prev !== null).map(({ seq }) => seq)
  if (JSON.stringify(head.epochs) !== JSON.stringify(epochs))
    return 'its epochs are not those of the log'
  if (!head.parted.every((line) => readEpoch(line).ok))
    return 'a record of another lineage in it is damaged'
  if (assignedText(head.assigned) !== assignedText(assigned))
    return 'its last assigned values are not those of the log'
  return undefined
}

function headIn(text: string): StoredHead | undefined {
  try {
    return readHead(text)
  } catch {
    return undefined
  }
}

function assignedText(assigned: StoredHead['assigned']): string {
  const items = assigned.map(({ type, reg, version, value }) =>
    JSON.stringify([type, reg, version, value]),
  )
  return items.sort().join()
}
