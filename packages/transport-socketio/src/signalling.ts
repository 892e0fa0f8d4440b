/**
 * Signalling through the reviewer, over the links that a store opens anyway. A peer joins when its
 * link has a proved session, by an id that the gateway draws for this link.
 *
 *   away ─ link open ─▶ "join" ─ session proved ─▶ "joined", id ─▶ joined ─ link ended ─▶ away
 */
import { SIGNAL_BYTES_MAX, isLongerThan } from '@countersign/core/ports'
import type { Signalling, SignallingEvents } from '@countersign/core/ports'
import type { Socket } from 'socket.io-client'
import { JOINED_EVENT, JOIN_EVENT, SIGNAL_EVENT } from './frame-parser.ts'

export class SocketSignalling implements Signalling {
  readonly #listeners = new Set<SignallingEvents>()
  /** Sockets of open links; a store has one. */
  readonly #open = new Set<Socket>()
  /** The link that carries the signals, and the id of this peer there. */
  #joined: { readonly socket: Socket; readonly id: string } | undefined

  listen(events: SignallingEvents): () => void {
    this.#listeners.add(events)
    if (this.#joined) events.joined(this.#joined.id)
    else for (const socket of this.#open) socket.emit(JOIN_EVENT)
    return () => void this.#listeners.delete(events)
  }

  send(text: string, to = ''): void {
    if (!isLongerThan(text, SIGNAL_BYTES_MAX)) this.#joined?.socket.emit(SIGNAL_EVENT, to, text)
  }

  /** A link is open. */
  opened(socket: Socket): void {
    this.#open.add(socket)
    socket.on(JOINED_EVENT, (id: string) => {
      if (this.#joined) return
      this.#joined = { socket, id }
      for (const events of [...this.#listeners]) events.joined(id)
    })
    socket.on(SIGNAL_EVENT, (from: string, text: string) => {
      if (this.#joined?.socket !== socket) return
      for (const events of [...this.#listeners]) events.signal(from, text)
    })
    if (this.#listeners.size > 0) socket.emit(JOIN_EVENT)
  }

  /** A link has ended. */
  ended(socket: Socket): void {
    this.#open.delete(socket)
    if (this.#joined?.socket === socket) this.#joined = undefined
  }
}
