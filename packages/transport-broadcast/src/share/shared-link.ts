/**
 * A link of a tab that does not lead. It seeks the tab that does; without an answer it opens a
 * connection of its own.
 *
 *   seeking ──carried──▶ through that tab ──it is gone, this tab leads, error──▶ ended   `closed` once
 *      └──no answer, this tab leads──▶ own connection ───────────────────────────^
 */
import type { Link, LinkEvents } from '@countersign/core/ports'
import type { NearEvents, NearLink } from '../near-link.ts'
import { ALIVE, CARRIED, signalIn } from './notes.ts'
import type { SharedSignalling } from './shared-signalling.ts'

export interface SharedLinkParts {
  readonly through: (events: NearEvents) => NearLink
  readonly own: (events: LinkEvents) => Link
  readonly signalling: SharedSignalling
  readonly onEnd: (link: SharedLink) => void
}

export class SharedLink implements Link {
  readonly #events: LinkEvents
  readonly #parts: SharedLinkParts
  #state: 'seeking' | 'through' | 'own' | 'ended' = 'seeking'
  #near: NearLink | undefined
  #own: Link | undefined

  constructor(events: LinkEvents, parts: SharedLinkParts) {
    this.#events = events
    this.#parts = parts
    const near = parts.through({
      open: () => {
        parts.signalling.begin((note) => near.note(note))
        events.open()
      },
      frame: (text) => events.frame(text),
      noted: (note) => this.#noted(note),
      closed: (reason) => {
        if (this.#state === 'seeking') this.#connect()
        else this.end(reason)
      },
    })
    this.#near = near
  }

  get bufferedBytes(): number {
    return (this.#own ?? this.#near)?.bufferedBytes ?? 0
  }

  send(text: string): void {
    const link = this.#own ?? this.#near
    link?.send(text)
  }

  close(): void {
    if (this.#state !== 'ended') this.#stop()
  }

  /** This tab leads now: a link through another tab has ended, or will. */
  lead(): void {
    if (this.#state === 'seeking') this.#connect()
    else if (this.#state === 'through') this.end('this tab has the connection now')
  }

  /** Ends the link with an event. */
  end(reason: string): void {
    if (this.#state === 'ended') return
    this.#stop()
    this.#events.closed(reason)
  }

  #connect(): void {
    this.#near?.close()
    this.#state = 'own'
    this.#own = this.#parts.own({
      open: () => this.#events.open(),
      frame: (text) => this.#events.frame(text),
      alive: () => this.#events.alive?.(),
      closed: (reason) => this.end(reason),
    })
  }

  #noted(note: string): void {
    const signal = signalIn(note)
    if (signal) this.#parts.signalling.noted(signal)
    else if (note === CARRIED) {
      this.#state = 'through'
      this.#near?.answered()
    } else if (note === ALIVE) this.#events.alive?.()
  }

  #stop(): void {
    const { signalling, onEnd } = this.#parts
    if (this.#state === 'through') signalling.end()
    this.#state = 'ended'
    this.#near?.close()
    this.#own?.close()
    onEnd(this)
  }
}
