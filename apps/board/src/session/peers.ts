/** The switch that lets a store reach other browsers. Off at first; its position survives a reload. */
import { type PeerReview, provisional } from '@countersign/core/peers'
import type { SwitchedPeers } from '../peers/switched-peers.ts'
import { keep, kept } from './kept.ts'

export interface PeersSwitch {
  readonly startsWithPeers: boolean
  setPeers(on: boolean): void
}

/** Provisional review, whose code is loaded once the switch was on. */
export function reviewOnceJoined(peers: SwitchedPeers): PeerReview {
  const review = provisional(peers)
  return { peers, load: () => peers.joined.then(() => review.load()) }
}

export function peersSwitch(peers: SwitchedPeers, name: string): PeersSwitch {
  const startsWithPeers = kept(`${name}.peers`) !== undefined
  peers.set(startsWithPeers)
  return {
    startsWithPeers,
    setPeers(on) {
      keep(`${name}.peers`, on ? 'yes' : undefined)
      peers.set(on)
    },
  }
}
