/**
 * The end of a link that serves, as the reviewer holds it.
 *
 *   open ──close(reason), ended at the other end──▶ closed, once, and never inside a call of the reviewer
 */
import type { AcceptLink, ServerLink } from '@countersign/core/ports'
import type { TabLink, TabLinkEvents } from './tab-link.ts'

export interface FarParts {
  readonly id: string
  readonly accept: AcceptLink
  readonly tabLink: (events: TabLinkEvents) => TabLink
  /** The link has ended. */
  readonly onEnd: (link: FarLink) => void
}

export class FarLink implements ServerLink {
  readonly #tabLink: TabLink
  readonly #handler: ReturnType<AcceptLink>
  readonly #onEnd: (link: FarLink) => void
  #isOver = false

  constructor({ id, accept, tabLink, onEnd }: FarParts) {
    this.#onEnd = onEnd
    this.#tabLink = tabLink({
      accepted: () => {},
      frame: (text) => this.#handler.frame(text),
      ended: () => this.#ended(),
    })
    this.#tabLink.accept()
    // It may close the link at once; `closed` comes later all the same.
    this.#handler = accept(this, { address: id })
  }

  get bufferedBytes(): number {
    return this.#tabLink.bufferedBytes
  }

  send(text: string): void {
    this.#tabLink.send(text)
  }

  close(reason: string): void {
    this.#tabLink.close(reason)
    queueMicrotask(() => this.#ended())
  }

  #ended(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#onEnd(this)
    this.#handler.closed()
  }
}
