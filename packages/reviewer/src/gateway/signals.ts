/**
 * Routes signals, by which peers of one space arrange connections with each other. It has the
 * present peers, by an id drawn for each link, and does not read the texts. Signals may be lost:
 * those above a bound are dropped.
 */
import { randomUUID } from 'node:crypto'
import type { Uuid } from '@countersign/core/message'
import { SIGNAL_BYTES_MAX, isLongerThan } from '@countersign/core/ports'

/** Maximum receivers of a signal to all: the peers that joined last. */
const RECEIVERS_MAX = 64
/** Maximum deliveries that a peer may cause at once, and per second. */
const BURST = 512
const PER_SECOND = 64

type Deliver = (from: string, text: string) => void
type Peers = Map<string, Deliver>

/** One peer's place in the signalling of its space. */
export interface SignalSeat {
  readonly id: string
  /** Sends to the peer of that id, or to all with an empty one. */
  send(to: string, text: string): void
  leave(): void
}

export class Signals {
  /** Spaces with a peer. */
  readonly #spaces = new Map<Uuid, Peers>()

  join(space: Uuid, deliver: Deliver): SignalSeat {
    const peers: Peers = this.#spaces.get(space) ?? new Map()
    this.#spaces.set(space, peers)
    const id = randomUUID()
    peers.set(id, deliver)
    const budget = new Budget()
    return {
      id,
      send: (to, text) => {
        if (!peers.has(id) || !budget.isLeft || isLongerThan(text, SIGNAL_BYTES_MAX)) return
        for (const receiver of to === '' ? lastOf(peers, id) : [to]) {
          const receive = peers.get(receiver)
          if (receive && budget.isLeft) {
            budget.spend()
            receive(id, text)
          }
        }
      },
      leave: () => {
        peers.delete(id)
        if (peers.size === 0 && this.#spaces.get(space) === peers) this.#spaces.delete(space)
      },
    }
  }
}

function lastOf(peers: Peers, self: string): readonly string[] {
  const others = [...peers.keys()].filter((id) => id !== self)
  return others.slice(-RECEIVERS_MAX)
}

/** Deliveries that are left, renewed as time passes. */
class Budget {
  #left = BURST
  #atMs = performance.now()

  get isLeft(): boolean {
    const now = performance.now()
    this.#left = Math.min(BURST, this.#left + ((now - this.#atMs) / 1_000) * PER_SECOND)
    this.#atMs = now
    return this.#left >= 1
  }

  spend(): void {
    this.#left--
  }
}
