/**
 * The store of last year's app. It is created here and not in a component, because React may mount a
 * component twice, and a store holds a database and a socket.
 */
import { type SyncStore, createSyncStore } from '@countersign/core'
import { dexieStorage } from '@countersign/storage-dexie'
import { socketIo } from '@countersign/transport-socketio'
import { pageConfig } from '../session/config.ts'
import { type OnlineSwitch, onlineSwitch } from '../session/online.ts'
import { Issue } from './issue.ts'

export interface ListSession extends OnlineSwitch {
  readonly store: SyncStore
}

let opened: ListSession | undefined

/** The session, opened on the first call. */
export function listSession(): ListSession {
  return (opened ??= openSession())
}

function openSession(): ListSession {
  const { space, reviewerKey } = pageConfig()
  const store = createSyncStore({
    space,
    entities: [Issue],
    // Separate from the current board in the same browser: another database is another person.
    storage: dexieStorage(`board-${space}-last-year`),
    transports: [socketIo(location.origin)],
    identity: { lifetime: 'device' },
    ...(reviewerKey !== undefined && { reviewerKey }),
  })
  return { store, ...onlineSwitch(store, 'last-year') }
}
