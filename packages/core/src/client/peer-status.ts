/** What the status of a store has about its peers. */
import type { Uuid } from '../base/uuid.ts'
import type { ProvisionalTerm } from '../facts/message.ts'

/** The part of `store.status` about peers; see the option `peers`. */
export interface PeerStatus {
  /** The peer that reviews while home is away, and whether it is this store; undefined: none does. */
  readonly provisional: ProvisionalTerm | undefined
  /** The peers that this store hears now; absent until they are loaded, and without the option `peers`. */
  readonly peers?: readonly ReachedPeer[]
}

/** A peer that is heard now, and whose review it follows. */
export interface ReachedPeer {
  /** The id under which it reviews; of one opening of its store. */
  readonly id: Uuid
  /** Itself, where it reviews; undefined: it follows no peer. */
  readonly reviewerId: Uuid | undefined
}
