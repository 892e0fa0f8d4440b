/**
 * The open stores: one for the person at this browser and, on request, one for a second person. Each
 * has its own databases, so its own key, outbox and rows: they share only the reviewer. Signing in
 * or out opens another store.
 *
 * Stores are created here and not in a component, because React may mount a component twice, and a
 * store holds a database and a socket.
 */
import {
  type SignOutOptions,
  type SignOutReport,
  type SyncStore,
  createSyncStore,
} from '@countersign/core'
import { dexieStorage } from '@countersign/storage-dexie'
import { webRtcPeers } from '@countersign/transport-webrtc'
import { type Ports, faultyPorts } from '../devtools.ports.ts'
import { Issue } from '../model/issue.ts'
import { pageConfig } from './config.ts'
import { homeOf } from './home.ts'
import { SwitchedPeers } from '../peers/switched-peers.ts'
import { keep, kept } from './kept.ts'
import { type OnlineSwitch, onlineSwitch } from './online.ts'
import { type PeersSwitch, peersSwitch, reviewOnceJoined } from './peers.ts'
import { setSignedIn, signedIn, tokenOf } from './signed-in.ts'

export type Seat = 'first' | 'second'

export interface Session extends OnlineSwitch, PeersSwitch {
  readonly seat: Seat
  /** Different for each session of a seat. */
  readonly key: string
  /** The person who is signed in; undefined: none. */
  readonly personId: string | undefined
  readonly store: SyncStore
  /** The fault switches of its network and its storage, for the devtools. */
  readonly faults: Ports['faults']
}

let count = 0

/** `claim`: moves changes from before the login to the person. */
function openSession(seat: Seat, claim = false): Session {
  const { space, reviewerKey } = pageConfig()
  const personId = signedIn(seat)
  const home = homeOf(seat)
  const { storage, transport, faults } = faultyPorts(seat, {
    storage: dexieStorage(`board-${space}-${seat}`),
    transport: home,
  })
  const peers = new SwitchedPeers(() => webRtcPeers({ signalling: home.signalling }))
  const store = createSyncStore({
    space,
    entities: [Issue],
    storage,
    transports: [transport],
    peers: reviewOnceJoined(peers),
    // The same author after a reload. The second seat has other databases, so another person.
    identity: {
      lifetime: 'device',
      ...(personId !== undefined && { personalId: personId, claim }),
    },
    ...(personId !== undefined && { auth: () => tokenOf(personId) }),
    ...(reviewerKey !== undefined && { reviewerKey }),
  })
  const key = `${seat} ${count++}`
  const ways = { ...onlineSwitch(store, seat), ...peersSwitch(peers, seat) }
  return { seat, key, personId, store, faults, ...ways }
}

class Sessions {
  #open: readonly Session[] = []
  readonly #listeners = new Set<() => void>()

  constructor() {
    this.#open = [this.#opened('first')]
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
    this.#set([...this.#open, this.#opened('second')])
  }

  closeSecond(): void {
    const second = this.#open[1]
    if (!second) return
    keep('second', undefined)
    this.#set(this.#open.slice(0, 1))
    // Deferred until React has unmounted the pane, whose components read the store.
    setTimeout(() => void second.store.close().catch(reportError), 0)
  }

  /** Signs a person in: their store replaces this one. */
  async signIn(session: Session, personId: string, claim: boolean): Promise<void> {
    setSignedIn(session.seat, personId)
    await session.store.close()
    this.#replace(session, claim)
  }

  /** Signs the person out if no change is unsent, or with the policy `unsent`. */
  async signOut(session: Session, unsent: SignOutOptions['unsent']): Promise<SignOutReport> {
    const report = await session.store.signOut({ unsent })
    if (report.signedOut) this.#replace(session)
    return report
  }

  #opened(seat: Seat, claim = false): Session {
    const session = openSession(seat, claim)
    session.store.status.subscribe(({ ended, connection }) => {
      // A person has signed out, or in, in another tab.
      if (ended !== undefined && connection === 'closed') this.#replace(session)
      if (ended === 'signed_out') setSignedIn(seat, undefined)
    })
    return session
  }

  #replace(session: Session, claim = false): void {
    if (!this.#open.includes(session)) return
    const next = this.#opened(session.seat, claim)
    this.#set(this.#open.map((each) => (each === session ? next : each)))
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
