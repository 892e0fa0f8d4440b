/**
 * The door `core/peers`: who reviews while the home reviewer is away. An app that has no peers does not
 * import it, and so pays nothing for it; what it needs besides is loaded when a store opens.
 */
import type { Peers } from '../../ports/peers.ts'
import type { PeerReview } from '../peer-review.ts'
import { PEERING } from './part.ts'

export type { Peers } from '../../ports/peers.ts'
export type { PeerReview } from '../peer-review.ts'

/**
 * Lets the stores of a space that these peers reach review for each other while their reviewer is away:
 * `createSyncStore({ …, peers: provisional(broadcastPeers(space)) })`. What they accept is shown as
 * `provisional`, and is never final. One for each store, which closes the peers.
 */
export function provisional(peers: Peers): PeerReview {
  return { peers, load: () => PEERING.load() }
}
