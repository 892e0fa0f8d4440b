/**
 * The end of a link that opens it: finds a tab that serves, opens a link to it, and converts its
 * messages to the events of the port.
 *
 *   seeking ──a tab serves──▶ opening ──accept──▶ open ──▶ ended   `closed` once
 *      └─────────time out────────┴───────────────────────────^
 */
import type { Link, LinkEvents } from '@countersign/core/ports'
import { freshId } from './fresh-id.ts'
import type { TabLink, TabLinkEvents } from './tab-link.ts'

/** The events of the port, with the notes of the other tab. */
export interface NearEvents extends LinkEvents {
  noted?(note: string): void
}

/** The parts of its peers that a link uses. */
export interface NearHost {
  readonly connectTimeoutMs: number
  /** Asks all tabs for one that serves; the answer is `found`. */
  seek(link: NearLink): void
  /** Asks that tab for a link. */
  open(link: NearLink, tab: string, events: TabLinkEvents): TabLink
  /** The link has ended. */
  forget(link: NearLink): void
}

export class NearLink implements Link {
  readonly id: string = freshId()
  /** The tab that it is for; undefined: any that serves. */
  readonly only: string | undefined
  readonly #host: NearHost
  readonly #events: NearEvents
  readonly #giveUp: ReturnType<typeof setTimeout>
  #state: 'seeking' | 'opening' | 'open' | 'ended' = 'seeking'
  #tabLink: TabLink | undefined

  constructor(events: NearEvents, host: NearHost, only?: string) {
    this.only = only
    this.#host = host
    this.#events = events
    const limitMs = host.connectTimeoutMs
    this.#giveUp = setTimeout(() => this.end(`no tab that serves within ${limitMs} ms`), limitMs)
    // Deferred, so that no event precedes the return of the link.
    queueMicrotask(() => {
      if (this.#state === 'seeking') host.seek(this)
    })
  }

  get bufferedBytes(): number {
    return this.#tabLink?.bufferedBytes ?? 0
  }

  /** Called with a tab that serves. The first one is used. */
  found(tab: string): void {
    if (this.#state !== 'seeking' || (this.only !== undefined && tab !== this.only)) return
    this.#state = 'opening'
    this.#tabLink = this.#host.open(this, tab, {
      accepted: () => {
        if (this.#state !== 'opening') return
        this.#state = 'open'
        clearTimeout(this.#giveUp)
        this.#events.open()
      },
      frame: (text) => {
        if (this.#state === 'open') this.#events.frame(text)
      },
      noted: (note) => this.#events.noted?.(note),
      ended: (reason) => this.end(reason),
    })
  }

  send(text: string): void {
    if (this.#state === 'open') this.#tabLink?.send(text)
  }

  /** The other tab is at work on it: it has no timeout any more. */
  answered(): void {
    clearTimeout(this.#giveUp)
  }

  note(text: string): void {
    if (this.#state === 'open') this.#tabLink?.note(text)
  }

  close(): void {
    this.#stop('the other tab has closed the link')
  }

  /** Ends the link with an event. */
  end(reason: string): void {
    if (this.#state === 'ended') return
    this.#stop(reason)
    this.#events.closed(reason)
  }

  #stop(reason: string): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    clearTimeout(this.#giveUp)
    this.#tabLink?.close(reason)
    this.#host.forget(this)
  }
}
