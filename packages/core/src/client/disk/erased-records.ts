/**
 * Stored records of own messages and of rejections without values of rows that were erased. Loaded when
 * values are erased.
 *
 *   flush with all its verdicts      deleted, if it changes the row; kept while a message of it is refused
 *   flush that waits, or a draft     what its author had seen in the row is not known any more
 *   rejections                       without the values that stood in the row, and unsigned
 */
import { checksum } from '../../base/checksum.ts'
import type { Json } from '../../base/json.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { IsErased } from '../../history/erased.ts'
import type { Rewrite, StoredSegment } from '../../ports/storage.ts'
import { parseReviewerFrame, reviewerFrame } from '../../wire/frames.ts'
import { withoutValues } from '../outbox/refused.ts'
import { readRecord, recordText } from './drafts.ts'
import { type OwnReading, readOwnText } from './own-text.ts'

export interface ErasedRecordsParts {
  readonly reading: OwnReading
  readonly isErased: IsErased
  /** Whether a text may have erased values. */
  readonly isSuspect: (text: string) => boolean
  /** Keys of flushes with messages that wait for a verdict. */
  readonly waiting: ReadonlySet<string>
  /** Whether a message is refused, and was not dismissed. */
  readonly isRefused: (id: Uuid) => boolean
}

/** How these records are to be rewritten; and whether some stay until their messages have verdicts. */
export function erasedRecords(
  segments: readonly StoredSegment[],
  parts: ErasedRecordsParts,
): { readonly rewrites: readonly Rewrite[]; readonly isLeft: boolean } {
  const rewrites: Rewrite[] = []
  let isLeft = false
  for (const { key, kind, text } of segments) {
    if (kind === 'own' && parts.isSuspect(text)) {
      const left = ownLeft(key, text, parts)
      isLeft ||= left !== null && left !== 'clean'
      if (left !== text && left !== 'clean') rewrites.push(rewriteOf({ key, kind }, left))
    } else if (kind === 'draft' && parts.isSuspect(text)) {
      isLeft = true
      const record = readRecord(text)
      if (record?.bases.some((bases) => bases !== 0))
        rewrites.push(
          rewriteOf({ key, kind }, recordText({ ...record, bases: record.bases.map(() => 0) })),
        )
    } else if (kind === 'rejections') {
      const left = rejectionsLeft(text, parts)
      if (left !== text) rewrites.push(rewriteOf({ key, kind }, left))
    }
  }
  return { rewrites, isLeft }
}

function rewriteOf({ key, kind }: Pick<Rewrite, 'key' | 'kind'>, text: string | null): Rewrite {
  return { key, kind, to: text === null ? null : { text, check: checksum(text) } }
}

/** The text that is left of a flush; null: nothing; `clean`: it has no such value. */
function ownLeft(
  key: string,
  text: string,
  { reading, isErased, waiting, isRefused }: ErasedRecordsParts,
): string | null {
  const record = readOwnText(text, reading)
  if (!record) return 'clean' // a damaged record is reported, and stays
  const changes = (message: (typeof record.messages)[number]): boolean =>
    message.changes.some(({ entityId, shape }) => shape.regs.some((reg) => isErased(entityId, reg)))
  if (!record.messages.some(changes)) return 'clean'
  const isKept = waiting.has(key) || record.messages.some(({ id }) => isRefused(id))
  if (!isKept) return null
  const [first = '', ...lines] = text.split('\n')
  const fields = JSON.parse(first) as Json[]
  const bases = record.messages.map((message, i) => (changes(message) ? 0 : (record.bases[i] ?? 0)))
  return [JSON.stringify([fields[0], bases, ...fields.slice(2)]), ...lines].join('\n')
}

function rejectionsLeft(text: string, { isErased }: ErasedRecordsParts): string {
  const frame = parseReviewerFrame(text)
  if (!frame.ok || frame.value.kind !== 'rejected') return text
  let isChanged = false
  const rejections = frame.value.rejections.map((one) => {
    if (!one.standing) return one
    const standing = withoutValues(one.standing, isErased)
    if (standing === one.standing) return one
    isChanged = true
    return { ...one, standing, sig: '' }
  })
  return isChanged ? reviewerFrame('rejected', { rejections }) : text
}
