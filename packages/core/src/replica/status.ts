/** The status of a store that has just been made. */
import type { SyncStatus } from './store.ts'

export function initialStatus(hasTransport: boolean): SyncStatus {
  return {
    connection: hasTransport ? 'offline' : 'none',
    connectionNote: undefined,
    outboxMessages: 0,
    outboxOldestAt: undefined,
    rejectedMessages: 0,
    undoable: 0,
    redoable: 0,
    caughtUp: false,
    position: null,
    reviewerId: null,
    storage: 'opening',
    storageTrouble: undefined,
    authorId: undefined,
    sessionId: undefined,
    schemaTrouble: undefined,
    reviewerLacks: [],
    halted: undefined,
  }
}
