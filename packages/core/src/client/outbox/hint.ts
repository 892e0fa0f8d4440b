/** What tabs that have opened the same partition tell each other. A lost hint is made up for by the storage. */
import type { Uuid } from '../../base/uuid.ts'
import type { OpenChannel } from '../../ports/channel.ts'
import type { Segment } from '../../ports/storage.ts'

/**
 * Why a store has closed itself. `signed_out`: the person has, here or in another tab. `taken_along`:
 * somebody has signed in, in another tab, and what was written before is theirs. `other_person`: the app
 * names another person than the one whose rows the store had opened while it could not name any.
 */
export type Ended = 'signed_out' | 'taken_along' | 'other_person'

export interface Hint {
  /** Ids of rejected messages. */
  readonly refused: readonly Uuid[]
  /** Whether messages have left the sender's outbox. */
  readonly settled: boolean
  /** A flush that was stored; undefined: there are some, in the storage. */
  readonly stored: Segment | undefined
  /** Nobody writes there any more. */
  readonly ended: Ended | undefined
  /** The key that writes here is another one now. */
  readonly isRotated?: boolean | undefined
}

/** The channel of the tabs that have opened a partition. */
export function channelOf(partition: Uuid): string {
  return `countersign:${partition}`
}

/** Tells the tabs that have opened a partition that they are to close. */
export function tellEnded(open: OpenChannel | undefined, partition: Uuid, ended: Ended): void {
  const hint: Hint = { refused: [], settled: false, stored: undefined, ended }
  const channel = open?.(channelOf(partition), () => {})
  channel?.post(hint)
  channel?.close()
}
