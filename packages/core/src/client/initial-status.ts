/** The status of a store before anything is opened. */
import type { SyncStatus } from './store.ts'

/** A store without a transport has no connection to show. */
export function initialStatus(hasTransport: boolean): SyncStatus {
  return {
    connection: hasTransport ? 'offline' : 'none',
    connectionNote: undefined,
    connectionRefusal: undefined,
    outboxMessages: 0,
    outboxOldestAt: undefined,
    rejectedMessages: 0,
    undoable: 0,
    redoable: 0,
    caughtUp: false,
    position: null,
    reviewerId: null,
    provisional: undefined,
    storage: 'opening',
    storageTrouble: undefined,
    storageHealth: undefined,
    damaged: [],
    identityTrouble: undefined,
    authorId: undefined,
    sessionId: undefined,
    schemaTrouble: undefined,
    alarm: undefined,
    capabilities: undefined,
    undecided: undefined,
    reviewerLacks: [],
    halted: undefined,
    ended: undefined,
  }
}
