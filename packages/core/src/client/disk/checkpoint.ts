/**
 * The records of a checkpoint: a head with its position and a digest of its pages, and the pages of
 * rows. Stored text is untrusted: its checksums are verified when it is read.
 */
import { checksum } from '../../base/checksum.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { Position } from '../../facts/message.ts'
import type { Page, StoredCheckpoint, WriteBatch } from '../../ports/storage.ts'
import { positionJson, readPosition } from '../../wire/frames.ts'
import { advanceOf } from './disk.ts'
import { rankOf } from './rank.ts'
import { parsed } from './sound-state.ts'
import { type RowsToKey, keysOf } from './page-keys.ts'

export interface CheckpointHead {
  readonly position: Position
  readonly reviewerId: Uuid
  /** Of all pages, see `digestOf`. */
  readonly digest: string
  /** Each page has rows of one type, and no other page of the type has rows created between them. */
  readonly isSorted: boolean
  /** Its rows include those of scopes, but not all rows up to the position. */
  readonly isPartial: boolean
}

/** A page with the checksum of its text, and the keys of its rows. */
export function pageOf(no: number, text: string, rows: readonly RowsToKey[]): Page {
  const check = checksum(text)
  return { no, text, check, keys: keysOf(check, rows) }
}

/**
 * The write batch of a checkpoint. It sets the position, too: usually the storage has it already,
 * but steps may have been refused (full disk) or have a gap (another tab cleared the state).
 */
export function checkpointBatch(
  head: CheckpointHead,
  { name, base, pages }: { name: string; base?: string | undefined; pages: readonly Page[] },
): Required<Pick<WriteBatch, 'advance' | 'checkpoint'>> {
  const { position, ...rest } = head
  const text = JSON.stringify({ position: positionJson(position), ...rest })
  return {
    advance: advanceOf(position, 0),
    checkpoint: {
      ...{ name, head: text, check: checksum(text), rank: rankOf(position), pages },
      ...(base !== undefined && { base }),
    },
  }
}

/** Reads and verifies the head of a checkpoint; undefined where it is damaged. */
export function readCheckpoint(stored: StoredCheckpoint): CheckpointHead | undefined {
  if (checksum(stored.head) !== stored.check) return undefined
  const head = Object(parsed(stored.head)) as { readonly [K in keyof CheckpointHead]?: unknown }
  const position = readPosition(head.position)
  const { reviewerId, digest, isSorted, isPartial } = head
  if (!position || typeof reviewerId !== 'string' || typeof digest !== 'string') return undefined
  const is = { isSorted: isSorted === true, isPartial: isPartial === true }
  return { position, reviewerId, digest, ...is }
}
