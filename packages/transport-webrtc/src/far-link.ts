/**
 * The end of a link that serves, as the reviewer holds it.
 *
 *   open ──close(reason), ended at the other end──▶ closed, once, and never inside a call of the reviewer
 */
import type { AcceptLink, ServerLink } from '@countersign/core/ports'
import type { ChannelEvents, FrameChannel } from './frame-channel.ts'

export interface FarParts {
  /** The id of the peer. */
  readonly address: string
  readonly accept: AcceptLink
  readonly channel: (events: ChannelEvents) => FrameChannel
}

export class FarLink implements ServerLink {
  readonly #channel: FrameChannel
  readonly #handler: ReturnType<AcceptLink>
  #isOver = false

  constructor({ address, accept, channel }: FarParts) {
    this.#channel = channel({
      accepted: () => {},
      frame: (text) => this.#handler.frame(text),
      alive: () => {},
      ended: () => this.#ended(),
    })
    this.#channel.accept()
    // It may close the link at once; `closed` comes later all the same.
    this.#handler = accept(this, { address })
  }

  get bufferedBytes(): number {
    return this.#channel.bufferedBytes
  }

  send(text: string): void {
    this.#channel.send(text)
  }

  close(reason: string): void {
    this.#channel.close(reason)
    queueMicrotask(() => this.#ended())
  }

  #ended(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#handler.closed()
  }
}
