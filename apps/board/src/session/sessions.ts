/**
 * The open stores: one for the person at this browser and, on request, one for a second person. Each
 * has its own database, so its own key, outbox and rows: they share only the reviewer.
 *
 * Stores are created here and not in a component, because React may mount a component twice, and a
 * store holds a database and a socket.
 */
import { type SyncStore, createSyncStore } from '@countersign/core'
import { dexieStorage } from '@countersign/storage-dexie'
import { socketIo } from '@countersign/transport-socketio'
import { type Ports, faultyPorts } from '../devtools.ports.ts'
import { Issue } from '../model/issue.ts'
import { pageConfig } from './config.ts'
import { keep, kept } from './kept.ts'
import { type OnlineSwitch, onlineSwitch } from './online.ts'

export type Seat = 'first' | 'second'

export interface Session extends OnlineSwitch {
  readonly seat: Seat
  readonly store: SyncStore
  /** The fault switches of its network and its storage, for the devtools. */
  readonly faults: Ports['faults']
}

function openSession(seat: Seat): Session {
  const { space, reviewerKey } = pageConfig()
  const { storage, transport, faults } = faultyPorts(seat, {
    storage: dexieStorage(`board-${space}-${seat}`),
    transport: socketIo(location.origin),
  })
  const store = createSyncStore({
    space,
    entities: [Issue],
    storage,
    transports: [transport],
    // The same person after a reload; the second seat has another database, so another person.
    identity: { lifetime: 'device' },
    ...(reviewerKey !== undefined && { reviewerKey }),
  })
  return { seat, store, faults, ...onlineSwitch(store, seat) }
}

class Sessions {
  #open: readonly Session[] = []
  readonly #listeners = new Set<() => void>()

  constructor() {
    this.#open = [openSession('first')]
    if (kept('second') !== undefined) this.openSecond()
  }

  readonly snapshot = (): readonly Session[] => this.#open

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  openSecond(): void {
    if (this.#open.length > 1) return
    keep('second', 'yes')
    this.#set([...this.#open, openSession('second')])
  }

  closeSecond(): void {
    const second = this.#open[1]
    if (!second) return
    keep('second', undefined)
    this.#set(this.#open.slice(0, 1))
    // Deferred until React has unmounted the pane, whose components read the store.
    setTimeout(() => void second.store.close().catch(reportError), 0)
  }

  #set(open: readonly Session[]): void {
    this.#open = open
    for (const listener of this.#listeners) listener()
  }
}

export type { Sessions }

let opened: Sessions | undefined

/** The sessions of this page, opened on the first call. */
export function sessions(): Sessions {
  return (opened ??= new Sessions())
}
