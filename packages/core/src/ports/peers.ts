/**
 * Peers: stores of one space that reach each other without the reviewer's server. Peers are equals:
 * each can open links, and each can accept them once it reviews. What a link carries is that of any
 * transport, so a store needs no other code for a peer that reviews than for a server that does.
 *
 *   store ─ transport ══ link ══ serve ─ reviewer.connect
 */
import type { ServerLink, Transport } from './transport.ts'

/** Accepts the reviewer's end of a link from a peer; `reviewer.connect` is one. */
export type AcceptLink = (
  link: ServerLink,
  peer: { readonly address: string },
) => { frame(text: string): void; closed(): void }

/** The peers that one medium reaches: tabs of a browser, or pages over WebRTC. */
export interface Peers {
  /**
   * Links to a peer that serves: to one that is connected already, else to the first that answers.
   * `onWake` calls when a peer begins to serve.
   */
  readonly transport: Transport
  /**
   * Accepts links of other peers from now on, and notifies the peers. At most one acceptor at a
   * time. Returns a function that ends this; open links stay.
   */
  serve(accept: AcceptLink): () => void
  /** Links to that peer alone, by the id under which it is heard. */
  reach(peer: string): Transport
  /**
   * Says a text to all peers that are reached now. It may be lost, repeated and reordered, and anybody
   * may have said it. Never throws.
   */
  say(text: string): void
  /** Calls `heard` with what other peers say. Returns an unsubscribe function. */
  listen(heard: (text: string, peer: string) => void): () => void
  /** Ends all links and leaves. Idempotent. */
  close(): void
}

/** Maximum UTF-8 bytes of one text that is said to all; larger ones are dropped. */
export const SAID_BYTES_MAX: number = 4_096

/** Maximum UTF-8 bytes of one signal; larger ones are dropped. */
export const SIGNAL_BYTES_MAX: number = 16_384

/** What happens at one end of a signalling. */
export interface SignallingEvents {
  /**
   * Other peers reach this peer by this id from now on. It is new each time, so it identifies no
   * person.
   */
  joined(self: string): void
  /** An untrusted text of another peer. */
  signal(from: string, text: string): void
  /** The peer of that id is reachable, and will send no signal first: call it now. */
  meet?(id: string): void
}

/**
 * Carries short texts between peers of a space that have no connection with each other yet. It may
 * lose, repeat and reorder them, and its carrier can read them.
 */
export interface Signalling {
  /** Each text is carried by a person: it has to be complete, and an answer takes minutes. */
  readonly byHand?: boolean
  /** Calls `joined` at once if this peer has joined. Returns an unsubscribe function. */
  listen(events: SignallingEvents): () => void
  /** Sends to one peer, or to all. Drops the text if this peer has not joined. Never throws. */
  send(text: string, to?: string): void
}
