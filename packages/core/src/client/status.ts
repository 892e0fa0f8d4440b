/** The updates of a store's status. */
import type { StoreApi } from 'zustand/vanilla'
import type { Uuid } from '../base/uuid.ts'
import type { Position } from '../facts/message.ts'
import type { Damage } from './disk/damage.ts'
import type { Disk } from './disk/disk.ts'
import type { SyncStatus } from './store.ts'

/** The sentence of `historyTrouble`: the author of a message had read another history than this store. */
export function otherHistory(messageId: Uuid, seq: number): string {
  return `the author of message ${messageId} had read another history up to ${seq} than this store: the reviewer serves two histories`
}

/** Runs the task once for many calls, when `soon` says. */
export function onceLater(soon: (run: () => void) => void, task: () => void): () => void {
  let isDue = false
  return () => {
    if (isDue) return
    isDue = true
    soon(() => {
      isDue = false
      task()
    })
  }
}

/** The sources of the status. */
interface Sources {
  readonly status: StoreApi<SyncStatus>
  readonly outbox: { readonly size: number; readonly oldestAt: number | undefined }
  readonly refused: { readonly size: number }
  readonly undo: { readonly undoable: number; readonly redoable: number }
  readonly position: Position | null
}

/** The current counts, and the position. */
export function countsOf({ outbox, refused, undo, position }: Sources): Partial<SyncStatus> {
  return {
    outboxMessages: outbox.size,
    outboxOldestAt: outbox.oldestAt,
    rejectedMessages: refused.size,
    undoable: undo.undoable,
    redoable: undo.redoable,
    position,
  }
}

/**
 * Updates the counts. Called synchronously by a write, because a `beforeunload` guard may read them
 * right after. Notifies subscribers only when a value changes.
 */
export function updateStatus(sources: Sources): void {
  const { status, outbox, refused, undo, position } = sources
  const shown = status.getState()
  // A write has no time for a list of names.
  const isShown =
    shown.outboxMessages === outbox.size &&
    shown.outboxOldestAt === outbox.oldestAt &&
    shown.rejectedMessages === refused.size &&
    shown.undoable === undo.undoable &&
    shown.redoable === undo.redoable &&
    shown.position === position
  // Whole, because zustand would copy all fields one by one.
  if (!isShown) status.setState({ ...shown, ...countsOf(sources) }, true)
}

/** Whether writes reach the storage, and why not. */
export function storageStatus(
  { handle, trouble }: Disk,
  damage: Damage,
): Pick<SyncStatus, 'storage' | 'storageTrouble'> {
  const storage = handle && !trouble ? 'ok' : 'degraded'
  return { storage, storageTrouble: trouble ?? (damage.any ? 'damaged' : undefined) }
}
