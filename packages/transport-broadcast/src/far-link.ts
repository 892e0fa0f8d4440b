/**
 * The end of a link that serves, as the reviewer holds it.
 *
 *   open ──close(reason), ended at the other end──▶ closed, once, and never inside a call of the reviewer
 */
import type { ServerLink } from '@countersign/core/ports'
import type { TabLink, TabLinkEvents } from './tab-link.ts'

/** What happens to a link, for who has accepted it. */
export interface FarHandler extends Pick<TabLinkEvents, 'noted' | 'waitingBytes'> {
  frame(text: string): void
  closed(): void
}

/** As `AcceptLink` of the port, for links between tabs. */
export type AcceptTab = (link: FarLink, peer: { readonly address: string }) => FarHandler

export interface FarParts {
  readonly id: string
  readonly accept: AcceptTab
  readonly tabLink: (events: TabLinkEvents) => TabLink
  /** Whether the link is open only once `open` is called; else at once. */
  readonly opensLater: boolean
  /** The link has ended. */
  readonly onEnd: (link: FarLink) => void
}

export class FarLink implements ServerLink {
  readonly #tabLink: TabLink
  readonly #handler: FarHandler
  readonly #onEnd: (link: FarLink) => void
  #isOver = false

  constructor({ id, accept, tabLink, opensLater, onEnd }: FarParts) {
    this.#onEnd = onEnd
    this.#tabLink = tabLink({
      accepted: () => {},
      frame: (text) => this.#handler.frame(text),
      noted: (note) => this.#handler.noted?.(note),
      waitingBytes: () => this.#handler.waitingBytes?.() ?? 0,
      ended: () => this.#ended(),
    })
    if (!opensLater) this.open()
    // It may close the link at once; `closed` comes later all the same.
    this.#handler = accept(this, { address: id })
  }

  get bufferedBytes(): number {
    return this.#tabLink.bufferedBytes
  }

  send(text: string): void {
    this.#tabLink.send(text)
  }

  open(): void {
    this.#tabLink.accept()
  }

  note(text: string): void {
    this.#tabLink.note(text)
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
