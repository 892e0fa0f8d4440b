/**
 * Peers behind a switch. Joined when it is first switched on; switched off, the connections stay and
 * carry nothing, as with a cable that is pulled: the way back does not need the reviewer.
 *
 *   off ── on ─▶ joined ── off ─▶ cut: links end, nothing is sent or delivered ── on ─▶ joined
 */
import type {
  AcceptLink,
  Link,
  LinkEvents,
  Peers,
  ServerLink,
  Transport,
} from '@countersign/core/ports'

const CUT = 'switched off'

export class SwitchedPeers implements Peers {
  readonly transport: Transport = { connect: (events) => this.#connect(events) }
  /** Resolves when it is first switched on. */
  readonly joined: Promise<void>
  readonly #join: () => Peers
  readonly #listeners = new Set<(text: string, peer: string) => void>()
  /** Ends one open link each. */
  readonly #cuts = new Set<() => void>()
  #hasJoined: () => void = () => {}
  #inner: Peers | undefined
  #isOn = false

  constructor(join: () => Peers) {
    this.#join = join
    this.joined = new Promise((resolve) => (this.#hasJoined = resolve))
  }

  get isOn(): boolean {
    return this.#isOn
  }

  set(on: boolean): void {
    this.#isOn = on
    if (!on) for (const cut of [...this.#cuts]) cut()
    else this.#inner ??= this.#joinNow()
  }

  #joinNow(): Peers {
    const inner = this.#join()
    inner.listen((text, peer) => {
      if (this.#isOn) for (const heard of [...this.#listeners]) heard(text, peer)
    })
    this.#hasJoined()
    return inner
  }

  say(text: string): void {
    if (this.#isOn) this.#inner?.say(text)
  }

  listen(heard: (text: string, peer: string) => void): () => void {
    this.#listeners.add(heard)
    return () => void this.#listeners.delete(heard)
  }

  /** Called by a store that reviews, so after it has joined. */
  serve(accept: AcceptLink): () => void {
    const serve = (...[link, peer]: Parameters<AcceptLink>): ReturnType<AcceptLink> => {
      const own: ServerLink = {
        send: (text) => link.send(text),
        get bufferedBytes() {
          return link.bufferedBytes ?? 0
        },
        bound: (space) => link.bound?.(space),
        close: (reason) => cut(reason),
      }
      const far = accept(own, peer)
      const end = (): void => {
        this.#cuts.delete(cutNow)
        far.closed()
      }
      const cut = (reason: string): void => {
        if (!this.#cuts.has(cutNow)) return
        link.close(reason)
        end()
      }
      const cutNow = (): void => cut(CUT)
      this.#cuts.add(cutNow)
      if (!this.#isOn) queueMicrotask(cutNow)
      return {
        frame: (text) => {
          if (this.#cuts.has(cutNow)) far.frame(text)
        },
        closed: () => {
          if (this.#cuts.has(cutNow)) end()
        },
      }
    }
    return this.#inner?.serve(serve) ?? (() => {})
  }

  reach(peer: string): Transport {
    return { connect: (events) => this.#connect(events, peer) }
  }

  #connect(events: LinkEvents, peer?: string): Link {
    const inner = this.#isOn ? this.#inner : undefined
    const over = (reason: string): void => {
      if (this.#cuts.delete(cutNow)) events.closed(reason)
    }
    const cutNow = (): void => {
      link?.close()
      over(CUT)
    }
    const whileOpen = (task: () => void): void => {
      if (this.#cuts.has(cutNow)) task()
    }
    this.#cuts.add(cutNow)
    const way = peer === undefined ? inner?.transport : inner?.reach(peer)
    const link = way?.connect({
      open: () => whileOpen(() => events.open()),
      frame: (text) => whileOpen(() => events.frame(text)),
      closed: over,
    })
    if (!link) queueMicrotask(cutNow)
    return {
      send: (text) => whileOpen(() => link?.send(text)),
      close: () =>
        whileOpen(() => {
          this.#cuts.delete(cutNow)
          link?.close()
        }),
    }
  }

  close(): void {
    this.set(false)
    this.#inner?.close()
  }
}
