/**
 * The records of a checkpoint: a head that says where it stands and what belongs to it, and pages of
 * rows. Stored text is untrusted: what does not check is no checkpoint.
 */
import { checksum } from '../../base/checksum.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { Position } from '../../facts/message.ts'
import type { Page, StoredCheckpoint, WriteBatch } from '../../ports/storage.ts'
import { positionJson, readPosition } from '../../wire/frames.ts'
import { advanceOf } from './disk.ts'
import { rankOf } from './rank.ts'
import { parsed } from './sound-state.ts'
import { digestOf } from './stored-pages.ts'

export interface CheckpointHead {
  readonly position: Position
  readonly reviewerId: Uuid
  /** Over all pages, see `digestOf`. */
  readonly digest: string
  /** Each page has rows of one type, and no other page has rows that were created between them. */
  readonly isSorted: boolean
}

/** A page with the checksum of its text. */
export function pageOf(no: number, text: string): Page {
  return { no, text, check: checksum(text) }
}

/**
 * A checkpoint brings its position along. Mostly the storage is there already; where steps were
 * refused (a full disk) or left a gap (another tab began anew), it goes on from here.
 */
export function checkpointBatch(
  head: CheckpointHead,
  { name, base, pages }: { name: string; base?: string | undefined; pages: readonly Page[] },
): Required<Pick<WriteBatch, 'advance' | 'checkpoint'>> {
  const { position, reviewerId, digest, isSorted } = head
  const text = JSON.stringify({ position: positionJson(position), reviewerId, digest, isSorted })
  return {
    advance: advanceOf(position, 0),
    checkpoint: {
      ...{ name, head: text, check: checksum(text), rank: rankOf(position), pages },
      ...(base !== undefined && { base }),
    },
  }
}

/** undefined where a part of it is missing, or is not what was written. */
export function readCheckpoint(stored: StoredCheckpoint): CheckpointHead | undefined {
  if (checksum(stored.head) !== stored.check) return undefined
  const head = Object(parsed(stored.head)) as { readonly [K in keyof CheckpointHead]?: unknown }
  const position = readPosition(head.position)
  const { reviewerId, digest, isSorted } = head
  if (!position || typeof reviewerId !== 'string' || digest !== digestOf(stored.pages))
    return undefined
  if (stored.pages.some(({ text, check }) => checksum(text) !== check)) return undefined
  return { position, reviewerId, digest, isSorted: isSorted === true }
}
