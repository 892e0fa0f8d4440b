/**
 * One RTCPeerConnection with one other peer, for all links between the two. Either may begin, also
 * both at once: perfect negotiation, where the polite peer gives way.
 *
 *   new ─offer, answer, candidates─▶ open ──failed, closed by either end──▶ ended, once
 *    └────────── time out ──────────────────────────────────────────────────^
 *
 * A control channel, agreed without a message, is there from the first offer on: so no link needs a
 * negotiation of its own, its end is the end of the connection, and it reports which peer serves.
 *
 *   control   "s"   this peer serves        "i"   it does not       longer: what this peer says to all
 */
import { freshId } from './fresh-id.ts'
import type { ConnectionSignal } from './signals.ts'

/** The parts of its peers that a connection uses. */
export interface ConnectionHost {
  readonly isServing: boolean
  readonly configuration: RTCConfiguration
  readonly RTCPeerConnection: typeof RTCPeerConnection
  /** Descriptions have to be complete, and take minutes. */
  readonly byHand: boolean
  /** No signal may have an address of this machine. */
  readonly relayOnly: boolean
  carry(signal: ConnectionSignal, to: string): void
  /** The other peer asks for a link. */
  asked(connection: PeerConnection, channel: RTCDataChannel): void
  /** Called when the connection is open, and again when the other peer starts or stops serving. */
  told(connection: PeerConnection): void
  /** The other peer says that to all. */
  heard(connection: PeerConnection, text: string): void
  ended(connection: PeerConnection, reason: string): void
}

/** Time from the first signal until a connection is open, ms. */
const OPEN_MS = 15_000
/** The same where people carry the texts. */
const OPEN_BY_HAND_MS = 15 * 60_000
const CONTROL = { negotiated: true, id: 0 } as const

export class PeerConnection {
  /** The id of the other peer. */
  readonly id: string
  /** Names this connection in signals. */
  readonly tag: string = freshId()
  /** Its tag at the other end, once a signal of it was taken. */
  #otherTag: string | undefined
  readonly #host: ConnectionHost
  readonly #isPolite: boolean
  readonly #connection: RTCPeerConnection
  #control: RTCDataChannel | undefined
  readonly #giveUp: ReturnType<typeof setTimeout>
  #state: 'new' | 'open' | 'ended' = 'new'
  #doesServe = false
  /**
   * Resolves when the offer of this end and the signals so far are processed: one after the other, as
   * not every platform queues what would change a description that is still being set.
   */
  #order: Promise<void> = Promise.resolve()

  constructor(id: string, isPolite: boolean, host: ConnectionHost) {
    this.id = id
    this.#isPolite = isPolite
    this.#host = host
    this.#connection = new host.RTCPeerConnection(host.configuration)
    const limitMs = host.byHand ? OPEN_BY_HAND_MS : OPEN_MS
    this.#giveUp = setTimeout(() => this.end(`no connection within ${limitMs} ms`), limitMs)
    this.#listen()
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** Whether the other peer has reported that it serves. */
  get doesServe(): boolean {
    return this.#state === 'open' && this.#doesServe
  }

  /** Starts the connection. The other peer need not be prepared. */
  call(): void {
    this.#openControl()
    this.#next('no offer could be made', () => this.#describe())
  }

  /** Whether a signal is of this connection, and not of one before or after it. */
  concerns({ tag, other }: ConnectionSignal): boolean {
    const isTheirs = this.#otherTag === undefined || this.#otherTag === tag
    return isTheirs && (other === null || other === this.tag)
  }

  /** Processes a signal that concerns this connection. */
  take(signal: ConnectionSignal): void {
    this.#next('a signal was refused', () => this.#taken(signal))
  }

  /** A channel for one link. The connection has to be open. */
  channel(): RTCDataChannel {
    return this.#connection.createDataChannel('link')
  }

  /** Sends whether this peer serves. */
  tell(): void {
    const control = this.#control
    if (control?.readyState === 'open') control.send(this.#host.isServing ? 's' : 'i')
  }

  /** Says a text of this peer to the other one, if the connection is open. */
  say(text: string): void {
    if (this.#control?.readyState === 'open') this.#control.send(text)
  }

  /** Ends the connection, and with it its links. Idempotent. */
  end(reason: string): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    clearTimeout(this.#giveUp)
    this.#connection.close()
    this.#host.ended(this, reason)
  }

  /** Runs a step of the negotiation after those before it. */
  #next(failure: string, step: () => Promise<void>): void {
    this.#order = this.#order
      .then(() => (this.#state === 'ended' ? undefined : step()))
      .catch((error: unknown) => this.end(`${failure}: ${String(error)}`))
  }

  #listen(): void {
    const connection = this.#connection
    connection.onicecandidate = ({ candidate }) => {
      if (this.#state !== 'new' || this.#host.byHand) return
      if (candidate && this.#host.relayOnly && !isRelayed(candidate.candidate)) return
      this.#signal({ kind: 'candidate', candidate: candidate?.toJSON() ?? null })
    }
    connection.onconnectionstatechange = () => {
      // Before it is open a failure may pass: the other peer may not have got the signals yet.
      if (connection.connectionState === 'failed' && this.#state === 'open')
        this.end('the connection is lost')
    }
    connection.ondatachannel = ({ channel }) => this.#host.asked(this, channel)
  }

  #openControl(): void {
    if (this.#control) return
    const control = this.#connection.createDataChannel('control', CONTROL)
    this.#control = control
    control.onopen = () => {
      if (this.#state !== 'new') return
      this.#state = 'open'
      clearTimeout(this.#giveUp)
      this.tell()
      // A report of the other peer may have arrived before this end was open.
      this.#host.told(this)
    }
    control.onmessage = ({ data }) => {
      const text = String(data)
      if (text.length > 1) {
        this.#host.heard(this, text)
        return
      }
      this.#doesServe = text === 's'
      this.#host.told(this)
    }
    control.onclose = () => this.end('the connection is lost')
  }

  async #taken(signal: ConnectionSignal): Promise<void> {
    const connection = this.#connection
    if (signal.kind === 'candidate') {
      try {
        await connection.addIceCandidate(signal.candidate ?? undefined)
      } catch {
        // One of an offer that was ignored, or of a kind that this platform does not know. Others remain.
      }
      return
    }
    const { kind: type, sdp, tag } = signal
    if (type === 'answer') {
      // A repeated answer, or one to an offer that gave way.
      if (connection.signalingState !== 'have-local-offer') return
      this.#otherTag = tag
      await connection.setRemoteDescription({ type, sdp })
      return
    }
    if (connection.signalingState !== 'stable' && !this.#isPolite) return
    this.#otherTag = tag
    await connection.setRemoteDescription({ type, sdp })
    this.#openControl()
    await this.#describe()
  }

  /** Sends the description of this end: an answer where an offer was taken, else an offer. */
  async #describe(): Promise<void> {
    await this.#connection.setLocalDescription()
    if (this.#host.byHand) await this.#gathered()
    const description = this.#connection.localDescription
    if (this.#state === 'ended' || !description) return
    const { type, sdp } = description
    if (type === 'offer' || type === 'answer')
      this.#signal({ kind: type, sdp: this.#host.relayOnly ? relayedOnly(sdp) : sdp })
  }

  #gathered(): Promise<void> {
    const connection = this.#connection
    return new Promise((done) => {
      const look = (): void => {
        if (connection.iceGatheringState !== 'complete') return
        connection.removeEventListener('icegatheringstatechange', look)
        done()
      }
      connection.addEventListener('icegatheringstatechange', look)
      look()
    })
  }

  #signal(
    what:
      | { readonly kind: 'offer' | 'answer'; readonly sdp: string }
      | { readonly kind: 'candidate'; readonly candidate: RTCIceCandidateInit | null },
  ): void {
    this.#host.carry({ ...what, tag: this.tag, other: this.#otherTag ?? null }, this.id)
  }
}

/** Whether a candidate is an address of a TURN server. Not every platform keeps to its own policy. */
function isRelayed(candidate: string): boolean {
  return candidate.includes(' typ relay')
}

/** A description without the addresses of this machine. */
function relayedOnly(sdp: string): string {
  const lines = sdp.split('\r\n')
  return lines.filter((line) => !line.startsWith('a=candidate:') || isRelayed(line)).join('\r\n')
}
