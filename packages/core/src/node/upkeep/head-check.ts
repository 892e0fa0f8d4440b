/** Compares the stored head of a space with its log. */
import { type StoredHead, readHead } from '../../review/stored.ts'
import { isRedacted } from '../../schema/redacted.ts'
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
  if (!isAssigned(head.assigned, assigned))
    return 'its last assigned values are not those of the log'
  return erasureFault(head.erasure, chain)
}

/** A stored head; undefined where it is damaged. */
export function headIn(text: string): StoredHead | undefined {
  try {
    return readHead(text)
  } catch {
    return undefined
  }
}

/** The head keeps the last assigned value of a register when it is erased in the log. */
function isAssigned(inHead: StoredHead['assigned'], computed: StoredHead['assigned']): boolean {
  const known = new Map(computed.map((one) => [JSON.stringify([one.type, one.reg]), one]))
  const isSame = ({ type, reg, version, value }: StoredHead['assigned'][number]): boolean => {
    const one = known.get(JSON.stringify([type, reg]))
    if (!one || one.version !== version) return false
    return isRedacted(one.value) || JSON.stringify(one.value) === JSON.stringify(value)
  }
  return inHead.length === known.size && inHead.every(isSame)
}

function erasureFault(
  { newest, through, left }: StoredHead['erasure'],
  { erasedSeq, position }: ChainCheck,
): string | undefined {
  if (newest !== erasedSeq)
    return `its newest erasure is at seq ${newest}, that of the log at ${erasedSeq}`
  const isKnown = through <= position.seq && left.every(({ below }) => below <= newest)
  return isKnown ? undefined : 'it says of batches that they are erased which the log has not'
}
