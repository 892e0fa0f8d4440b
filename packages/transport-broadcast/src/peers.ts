/**
 * `broadcastPeers(name)`: the tabs of one browser as peers. Tabs find each other on one channel,
 * and each link has a channel of its own, so that a frame wakes only the tab that it is for.
 *
 *   ["seek", link]            to all: who serves?
 *   ["serves", tab, link]  the answer; without a link, told to all when a tab begins to serve
 *   ["open", tab, link]    that tab is asked for a link, on the channel "name/link"
 */
import type {
  AcceptLink,
  Channel,
  LinkEvents,
  OpenChannel,
  Peers,
  Transport,
} from '@countersign/core/ports'
import { FarLink } from './far-link.ts'
import { NearLink } from './near-link.ts'
import type { NearHost } from './near-link.ts'
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

type Notice =
  | readonly ['seek', link: string]
  | readonly ['serves', tab: string, link?: string]
  | readonly ['open', tab: string, link: string]

/**
 * Joins the tabs of this origin that use the same name; one name a space. The channel is opened at
 * once, and closed by `close`.
 */
export function broadcastPeers(name: string, options: BroadcastOptions = {}): Peers {
  return new TabPeers(name, options)
}

class TabPeers implements Peers, NearHost {
  readonly transport: Transport
  readonly connectTimeoutMs: number
  readonly #id: string = crypto.randomUUID()
  readonly #name: string
  readonly #open: OpenChannel
  readonly #silentMs: number
  readonly #channel: Channel
  readonly #near = new Map<string, NearLink>()
  readonly #far = new Set<FarLink>()
  readonly #wakes = new Set<() => void>()
  #accept: AcceptLink | undefined
  #isClosed = false
  readonly #leave: () => void

  constructor(name: string, { channel, connectTimeoutMs, silentMs }: BroadcastOptions) {
    this.#name = name
    this.#open = channel ?? openBroadcastChannel
    this.connectTimeoutMs = connectTimeoutMs ?? CONNECT_TIMEOUT_MS
    this.#silentMs = silentMs ?? SILENT_MS
    this.#channel = this.#open(name, (message) => this.#noticed(message as Notice))
    this.transport = {
      connect: (events) => this.#connect(events),
      onWake: (wake) => {
        const own = (): void => wake()
        this.#wakes.add(own)
        return () => void this.#wakes.delete(own)
      },
    }
    this.#leave = onLeave(() => this.#endLinks('the tab was left'))
  }

  serve(accept: AcceptLink): () => void {
    this.#accept = accept
    this.#post(['serves', this.#id])
    return () => {
      if (this.#accept === accept) this.#accept = undefined
    }
  }

  close(): void {
    if (this.#isClosed) return
    this.#endLinks('the peers were closed')
    this.#isClosed = true
    this.#leave()
    this.#channel.close()
  }

  // The interface `NearHost`.

  seek({ id }: NearLink): void {
    this.#post(['seek', id])
  }

  open({ id }: NearLink, tab: string, events: TabLinkEvents): TabLink {
    const link = this.#tabLink(id, events)
    this.#post(['open', tab, id])
    return link
  }

  forget({ id }: NearLink): void {
    this.#near.delete(id)
  }

  #connect(events: LinkEvents): NearLink {
    const link = new NearLink(events, this)
    this.#near.set(link.id, link)
    return link
  }

  #noticed([kind, first, second]: Notice): void {
    if (kind === 'seek') {
      if (this.#accept) this.#post(['serves', this.#id, first])
    } else if (kind === 'open') {
      if (first === this.#id && second !== undefined) this.#accepted(second)
    } else if (second !== undefined) {
      this.#near.get(second)?.found(first)
    } else {
      for (const link of [...this.#near.values()]) link.found(first)
      for (const wake of [...this.#wakes]) wake()
    }
  }

  #accepted(id: string): void {
    if (!this.#accept) {
      this.#tabLink(id, { accepted: () => {}, frame: () => {}, ended: () => {} }).close(
        'this tab does not serve',
      )
      return
    }
    const link = new FarLink({
      id,
      accept: this.#accept,
      tabLink: (events) => this.#tabLink(id, events),
      onEnd: (ended) => void this.#far.delete(ended),
    })
    this.#far.add(link)
  }

  #tabLink(id: string, events: TabLinkEvents): TabLink {
    const [open, silentMs] = [this.#open, this.#silentMs]
    return new TabLink({ name: `${this.#name}/${id}`, open, silentMs, events })
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
