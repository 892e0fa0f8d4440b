/** A sealed flush of own messages: the unit of sealing, storing and offering. */
import type { Uuid } from '../base/uuid.ts'
import type { Rejection } from '../facts/message.ts'
import type { Entry } from '../history/entry.ts'
import { authorFrame } from '../wire/frames.ts'

export interface Flush {
  /** Names the flush in the storage. */
  readonly key: string
  readonly entries: readonly Entry[]
  /** Session line, head line, lines: the same text is stored and offered. */
  readonly text: string
  readonly sig: string
  readonly sessionId: Uuid
  /** Ids of its messages that were refused. */
  readonly refused?: readonly Uuid[]
}

/** The frame that offers it, with the rejections of its messages: the reviewer may have lost them. */
export function offerFrame(
  { sig, text, refused = [] }: Flush,
  rejectionsOf: (ids: readonly Uuid[]) => readonly Rejection[],
): string {
  const rejections = rejectionsOf(refused)
  return authorFrame('offer', { sig, rejections: rejections.length > 0 ? rejections : null }, text)
}
