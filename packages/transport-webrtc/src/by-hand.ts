/**
 * `byHand()`: signalling by copy and paste, for two people who have another way to send each other a
 * text. No server takes part.
 *
 *   A: offerText() ── the text ──▶ B: accept(text)
 *   A: accept(text) ◀── its answer ──┘
 */
import {
  SIGNAL_BYTES_MAX,
  type Signalling,
  type SignallingEvents,
  fromBase64url,
  isLongerThan,
  toBase64url,
} from '@countersign/core/ports'
import { freshId } from './fresh-id.ts'

/** Signalling whose texts people carry. */
export interface ByHand extends Signalling {
  readonly byHand: true
  /** A text for one other peer, of some 1,500 characters. Each call invites one more. */
  offerText(): Promise<string>
  /**
   * Takes the text of the other peer. Resolves to the answer to carry back if it was an offer, and to
   * undefined if it was an answer. Rejects if it is neither, was cut, or is of another page's offer.
   */
  accept(text: string): Promise<string | undefined>
}

/** Maximum bytes of a carried text: a signal in JSON in base64url. */
const TEXT_BYTES_MAX = 2 * SIGNAL_BYTES_MAX

/** Creates a signalling by hand, for one `webRtcPeers`. */
export function byHand(): ByHand {
  return new CarriedTexts()
}

/** The carried text: the id of its offer, its kind, and a signal. */
type Carried = readonly [pair: string, kind: 'offer' | 'answer', signal: string]

class CarriedTexts implements ByHand {
  readonly byHand = true
  #events: SignallingEvents | undefined
  /** Pairs with a caller that waits for the next text. */
  readonly #waiting = new Map<string, (signal: string) => void>()
  /** Offers of this page that have no answer yet. */
  readonly #offers = new Set<string>()

  listen(events: SignallingEvents): () => void {
    this.#events = events
    events.joined('')
    return () => {
      if (this.#events === events) this.#events = undefined
    }
  }

  /** No person can carry a text to all peers. */
  send(text: string, to?: string): void {
    if (to === undefined) return
    this.#waiting.get(to)?.(text)
    this.#waiting.delete(to)
  }

  async offerText(): Promise<string> {
    const pair = freshId()
    this.#offers.add(pair)
    return textOf([pair, 'offer', await this.#next(pair, (events) => events.meet?.(pair))])
  }

  async accept(text: string): Promise<string | undefined> {
    const carried = carriedOf(text)
    if (!carried) throw new Error('this is no text of a peer, or it was not copied whole')
    const [pair, kind, signal] = carried
    if (kind === 'answer') {
      if (!this.#offers.delete(pair)) throw new Error('this answers no offer of this page')
      this.#events?.signal(pair, signal)
      return undefined
    }
    if (this.#offers.has(pair))
      throw new Error('this is the offer of this page: send it to another')
    return textOf([pair, 'answer', await this.#next(pair, (events) => events.signal(pair, signal))])
  }

  /** The next text to that peer, which `begin` causes. */
  #next(pair: string, begin: (events: SignallingEvents) => void): Promise<string> {
    const events = this.#events
    if (!events) return Promise.reject(new Error('no peers use this signalling'))
    return new Promise((resolve) => {
      this.#waiting.set(pair, resolve)
      begin(events)
    })
  }
}

function textOf(carried: Carried): string {
  return toBase64url(new TextEncoder().encode(JSON.stringify(carried)))
}

/** Parses an untrusted text. */
function carriedOf(text: string): Carried | undefined {
  // Chat programs break lines.
  const packed = text.replaceAll(/\s/g, '')
  if (isLongerThan(packed, TEXT_BYTES_MAX)) return undefined
  const bytes = fromBase64url(packed)
  if (!bytes) return undefined
  try {
    const carried: unknown = JSON.parse(new TextDecoder().decode(bytes))
    if (!Array.isArray(carried) || carried.length !== 3) return undefined
    const [pair, kind, signal] = carried as readonly unknown[]
    if (typeof pair !== 'string' || typeof signal !== 'string') return undefined
    return kind === 'offer' || kind === 'answer' ? [pair, kind, signal] : undefined
  } catch {
    return undefined
  }
}
