/**
 * Carries a link of another tab over the connection of this one: frames as they are, both ways, and
 * signals as notes.
 */
import type { Link } from '@countersign/core/ports'
import type { FarHandler, FarLink } from '../far-link.ts'
import { ALIVE, CARRIED, noteOf, signalIn } from './notes.ts'
import type { ShareableTransport } from './shareable.ts'

/** Time between two notes that bytes have arrived, ms. */
const ALIVE_MS = 1_000

export class Relay implements FarHandler {
  readonly #far: FarLink
  readonly #transport: ShareableTransport
  readonly #onEnd: () => void
  readonly #link: Link
  #aliveAtMs = -Infinity
  #unlisten = (): void => {}
  #isOver = false

  constructor(far: FarLink, transport: ShareableTransport, onEnd: () => void) {
    this.#far = far
    this.#transport = transport
    this.#onEnd = onEnd
    far.note(CARRIED)
    this.#link = transport.connect({
      open: () => far.open(),
      frame: (text) => far.send(text),
      alive: () => this.#alive(),
      closed: (reason) => far.close(reason),
    })
  }

  frame(text: string): void {
    this.#link.send(text)
  }

  waitingBytes(): number {
    return this.#link.bufferedBytes ?? 0
  }

  noted(note: string): void {
    const signal = signalIn(note)
    if (signal?.[0] === 'join') this.#join()
    else if (signal?.[0] === 'signal') this.#transport.signalling.send(signal[2], signal[1])
  }

  closed(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#unlisten()
    this.#link.close()
    this.#onEnd()
  }

  /** Ends the link of the other tab. */
  end(reason: string): void {
    this.#far.close(reason)
  }

  #join(): void {
    this.#unlisten()
    this.#unlisten = this.#transport.signalling.listen({
      joined: (self) => this.#far.note(noteOf(['joined', self])),
      signal: (from, text) => this.#far.note(noteOf(['signal', from, text])),
    })
  }

  /** Bytes that are no whole frame yet: the other tab must not take the link for dead. */
  #alive(): void {
    const nowMs = performance.now()
    if (nowMs - this.#aliveAtMs < ALIVE_MS) return
    this.#aliveAtMs = nowMs
    this.#far.note(ALIVE)
  }
}
