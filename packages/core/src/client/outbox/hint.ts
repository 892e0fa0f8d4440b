/**
 * Notifications between tabs that have opened the same partition. The storage makes up for a lost
 * one.
 */
import type { Uuid } from '../../base/uuid.ts'
import type { OpenChannel } from '../../ports/channel.ts'
import type { Segment } from '../../ports/storage.ts'

/**
 * Why a store has closed itself. `signed_out`: the person has signed out, here or in another tab.
 * `taken_along`: a person has signed in, in another tab, and earlier anonymous work has moved to
 * that person. `other_person`: the app names a person other than the one whose rows the store had
 * opened while the person was unknown.
 */
export type Ended = 'signed_out' | 'taken_along' | 'other_person'

export interface Hint {
  /** Ids of rejected messages. */
  readonly refused: readonly Uuid[]
  /** Whether messages have left the sender's outbox. */
  readonly settled: boolean
  /** A flush that was stored; undefined: read the new flushes from the storage. */
  readonly stored: Segment | undefined
  /** The sender has closed the partition for this reason. */
  readonly ended: Ended | undefined
  /** The writing key has been replaced. */
  readonly isRotated?: boolean | undefined
}

/** The channel of the tabs that have opened a partition. */
export function channelOf(partition: Uuid): string {
  return `countersign:${partition}`
}

/** Notifies the tabs that have opened a partition to close it. */
export function tellEnded(open: OpenChannel | undefined, partition: Uuid, ended: Ended): void {
  const hint: Hint = { refused: [], settled: false, stored: undefined, ended }
  const channel = open?.(channelOf(partition), () => {})
  channel?.post(hint)
  channel?.close()
}
