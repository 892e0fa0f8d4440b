/**
 * What a store knows of its peers: that they are loaded where the app has given some (`peers/`), what of
 * theirs is shown, and that there may be more to offer. Until they are loaded there are none.
 */
import type { Entry } from '../history/entry.ts'
import type { Peers } from '../ports/peers.ts'
import type { TailReader } from '../sync/tail.ts'
import type { ChangeOver } from './change-over.ts'
import type { Refusals } from './outbox/refusals.ts'
import type { PeeringParts } from './peers/peering.ts'

/** Peers that review for each other while the reviewer is away; made by `provisional` of `core/peers`. */
export interface PeerReview {
  readonly peers: Peers
  /** Loads what does it. */
  load(): Promise<{ peeringOf(parts: PeeringParts): LoadedPeers }>
}

/** The peers of a store, once they are loaded. */
export interface LoadedPeers {
  /** Messages of others that peers have reviewed, and home has not. */
  others(): readonly Entry[]
  /** More may be offered. */
  pump(): void
  close(): void
}

/** What is handed to them of the store. */
export type StorePeersParts = Pick<
  PeeringParts,
  | 'options'
  | 'repo'
  | 'outbox'
  | 'own'
  | 'sessions'
  | 'trust'
  | 'status'
  | 'nextArrival'
  | 'syncing'
  | 'onError'
> & {
  readonly changeOver: ChangeOver
  readonly refusals: Refusals
  readonly tail: TailReader
}

export class StorePeers implements LoadedPeers {
  readonly #review: PeerReview
  #loaded: LoadedPeers | undefined
  #isClosed = false

  /** Begins to load them; where that fails, the next opening tries again. */
  constructor(review: PeerReview, { changeOver, refusals, tail, ...parts }: StorePeersParts) {
    this.#review = review
    const { peers } = review
    const { journal, lineages } = changeOver
    const peering: PeeringParts = {
      ...{ ...parts, peers, journal },
      noteReadings: (entry) => lineages.note(entry),
      rejectionsOf: (ids) => refusals.signed(ids),
      position: () => tail.position,
      lineage: () => lineages.followed,
    }
    review
      .load()
      .then((part) => {
        if (!this.#isClosed) this.#loaded = part.peeringOf(peering)
      })
      .catch(parts.onError)
  }

  others(): readonly Entry[] {
    return this.#loaded?.others() ?? []
  }

  pump(): void {
    this.#loaded?.pump()
  }

  close(): void {
    this.#isClosed = true
    if (this.#loaded) this.#loaded.close()
    else this.#review.peers.close()
  }
}
