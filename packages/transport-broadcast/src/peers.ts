/**
 * `broadcastPeers(name)`: the tabs of one browser as peers. Tabs find each other on one channel,
 * and each link has a channel of its own, so that a frame wakes only the tab that it is for.
 *
 *   ["seek", link]            to all: who serves?
 *   ["serves", tab, link]  the answer; without a link, told to all when a tab begins to serve
 *   ["open", tab, link, opener]  that tab is asked for a link, on the channel "name/link"
 *   ["say", tab, text]           to all: what that tab says
 */
import type { Channel, OpenChannel, Peers, Transport } from '@countersign/core/ports'
import { FarLink } from './far-link.ts'
import type { AcceptTab } from './far-link.ts'
import { freshId } from './fresh-id.ts'
import { NearLink } from './near-link.ts'
import type { NearEvents, NearHost } from './near-link.ts'
import { holdLock } from './tab-life.ts'
import { TabLink } from './tab-link.ts'
import type { TabLinkEvents } from './tab-link.ts'

/** Options of `broadcastPeers`; each has a default. */
export interface BroadcastOptions {
  /** Opens a channel of that name. Default: BroadcastChannel. */
  readonly channel?: OpenChannel
  /** Timeout of a connection attempt in milliseconds. Default 5,000. */
  readonly connectTimeoutMs?: number
  /**
   * Time without a word of the other tab until a link ends, ms. Default 90,000: browsers let
   * hidden tabs run their timers once a minute.
   */
  readonly silentMs?: number
}

const CONNECT_TIMEOUT_MS = 5_000
const SILENT_MS = 90_000
/** Time that a bye may take, ms. */
const BYE_MS = 100

type Notice =
  | readonly ['seek', link: string]
  | readonly ['serves', tab: string, link?: string]
  | readonly ['open', tab: string, link: string, opener: string]
  | readonly ['say', tab: string, text: string]

/**
 * Joins the tabs of this origin that use the same name; one name a space. The channel is opened at
 * once, and closed by `close`.
 */
export function broadcastPeers(name: string, options: BroadcastOptions = {}): Peers {
  return new TabPeers(name, options)
}

export class TabPeers implements Peers, NearHost {
  readonly transport: Transport
  readonly connectTimeoutMs: number
  readonly #id: string = freshId()
  readonly #name: string
  readonly #open: OpenChannel
  readonly #silentMs: number
  readonly #channel: Channel
  readonly #life: ReturnType<typeof holdLock>
  readonly #near = new Map<string, NearLink>()
  readonly #far = new Set<FarLink>()
  readonly #wakes = new Set<() => void>()
  readonly #listeners = new Set<(text: string, tab: string) => void>()
  #accept: AcceptTab | undefined
  #opensLater = false
  #isClosed = false
  readonly #leave: () => void

  constructor(name: string, { channel, connectTimeoutMs, silentMs }: BroadcastOptions) {
    this.#name = name
    this.#open = channel ?? openBroadcastChannel
    this.connectTimeoutMs = connectTimeoutMs ?? CONNECT_TIMEOUT_MS
    this.#silentMs = silentMs ?? SILENT_MS
    this.#life = holdLock(this.#lockOf(this.#id))
    this.#channel = this.#open(name, (message) => this.#noticed(message as Notice))
    this.transport = {
      connect: (events) => this.connect(events),
      onWake: (wake) => {
        const own = (): void => wake()
        this.#wakes.add(own)
        return () => void this.#wakes.delete(own)
      },
    }
    this.#leave = onLeave(() => this.#endLinks('the tab was left'))
  }

  /** Opens a link to a tab that serves: to that one, or to the first that answers. */
  connect(events: NearEvents, only?: string): NearLink {
    const link = new NearLink(events, this, only)
    this.#near.set(link.id, link)
    return link
  }

  /** `opensLater`: links are open once `open` of them is called. */
  serve(accept: AcceptTab, { opensLater = false }: { opensLater?: boolean } = {}): () => void {
    this.#accept = accept
    this.#opensLater = opensLater
    this.#announce()
    return () => {
      if (this.#accept === accept) this.#accept = undefined
    }
  }

  reach(tab: string): Transport {
    return { connect: (events) => this.connect(events, tab) }
  }

  say(text: string): void {
    this.#alive(() => this.#post(['say', this.#id, text]))
  }

  listen(heard: (text: string, tab: string) => void): () => void {
    const own = (text: string, tab: string): void => heard(text, tab)
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  close(): void {
    if (this.#isClosed) return
    this.#endLinks('the peers were closed')
    this.#isClosed = true
    this.#leave()
    this.#channel.close()
    // A free lock overtakes a bye.
    setTimeout(() => this.#life.free(), BYE_MS)
  }

  // The interface `NearHost`.

  seek(link: NearLink): void {
    const { id, only } = link
    if (only === undefined) this.#alive(() => this.#post(['seek', id]))
    else link.found(only)
  }

  open({ id }: NearLink, tab: string, events: TabLinkEvents): TabLink {
    const link = this.#tabLink(id, tab, events)
    this.#post(['open', tab, id, this.#id])
    return link
  }

  forget({ id }: NearLink): void {
    this.#near.delete(id)
  }

  #noticed(notice: Notice): void {
    if (notice[0] === 'seek') this.#announce(notice[1])
    else if (notice[0] === 'say') {
      const [, tab, text] = notice
      for (const heard of [...this.#listeners]) heard(text, tab)
    } else if (notice[0] === 'open') {
      const [, tab, link, opener] = notice
      if (tab === this.#id) this.#accepted(link, opener)
    } else {
      const [, tab, link] = notice
      if (link !== undefined) this.#near.get(link)?.found(tab)
      else {
        for (const waiting of [...this.#near.values()]) waiting.found(tab)
        for (const wake of [...this.#wakes]) wake()
      }
    }
  }

  /** Says that this tab serves, if it does: to the tab that seeks for that link, or to all. */
  #announce(link?: string): void {
    this.#alive(() => {
      if (this.#accept)
        this.#post(link === undefined ? ['serves', this.#id] : ['serves', this.#id, link])
    })
  }

  /** Once this tab holds its lock: one that learned of it before would take a free lock for its end. */
  #alive(then: () => void): void {
    void this.#life.held.then(then)
  }

  #lockOf(tab: string): string {
    return `${this.#name}/${tab}`
  }

  #accepted(id: string, opener: string): void {
    if (!this.#accept) {
      this.#tabLink(id, opener, { accepted: () => {}, frame: () => {}, ended: () => {} }).close(
        'this tab does not serve',
      )
      return
    }
    const link = new FarLink({
      id,
      accept: this.#accept,
      opensLater: this.#opensLater,
      tabLink: (events) => this.#tabLink(id, opener, events),
      onEnd: (ended) => void this.#far.delete(ended),
    })
    this.#far.add(link)
  }

  #tabLink(id: string, other: string, events: TabLinkEvents): TabLink {
    const [open, silentMs, lock] = [this.#open, this.#silentMs, this.#lockOf(other)]
    return new TabLink({ name: `${this.#name}/${id}`, lock, open, silentMs, events })
  }

  #endLinks(reason: string): void {
    for (const link of [...this.#near.values()]) link.end(reason)
    for (const link of [...this.#far]) link.close(reason)
  }

  #post(notice: Notice): void {
    if (!this.#isClosed) this.#channel.post(notice)
  }
}

const openBroadcastChannel: OpenChannel = (name, onMessage) => {
  const channel = new BroadcastChannel(name)
  channel.onmessage = ({ data }) => onMessage(data)
  return { post: (message) => channel.postMessage(message), close: () => channel.close() }
}

/** Calls `left` when the page is left, also into the cache of the browser. */
function onLeave(left: () => void): () => void {
  if (typeof document === 'undefined') return () => {}
  addEventListener('pagehide', left)
  return () => removeEventListener('pagehide', left)
}
