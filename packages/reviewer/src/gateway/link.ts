/**
 * One link of a client. Tabs of a browser may share a connection: then each has a socket of its own on
 * it, and `pipe.ts` is what they share. It does not parse frames.
 *
 *   open --close(reason), too slow, silent, frame too large, client disconnected--> closed, once
 */
import { FRAME_BYTES_MAX, isLongerThan } from '@countersign/core/ports'
import type { Uuid } from '@countersign/core/message'
import type { ServerLink } from '@countersign/core/ports'
import type { Socket } from 'socket.io'
import { BYE_EVENT, FRAME_EVENT, JOINED_EVENT, JOIN_EVENT, SIGNAL_EVENT } from './frame-parser.ts'
import type { FramePackets } from './frame-packets.ts'
import type { GatewayCounts } from './metrics.ts'
import { Pipe } from './pipe.ts'
import type { SignalSeat, Signals } from './signals.ts'
import type { GatewayHost, GatewayLimits, GatewayReviewer, LinkHandler, Log } from './types.ts'

/** The parts shared by all links of a gateway. */
export interface LinkContext {
  readonly reviewer: GatewayReviewer | GatewayHost
  readonly packets: FramePackets
  readonly counts: GatewayCounts
  readonly limits: GatewayLimits
  readonly log: Log
  readonly signals: Signals
  readonly onBound: (socket: Socket) => void
}

/** Signals to a client that has more bytes to read are dropped. */
const SIGNAL_BACKLOG_BYTES = 1024 * 1024

export class GatewayLink implements ServerLink {
  readonly #socket: Socket
  readonly #context: LinkContext
  #handler: LinkHandler | undefined
  #isOpen = true
  #isGone = false
  readonly #pipe: Pipe
  /** The time of the last received byte, in ms, and the number of bytes received by then. */
  #receivedAtMs: number
  #receivedBytes = 0
  #reason: string | undefined
  /** The space of its session, once that is proved. */
  #space: Uuid | undefined
  /** The client takes part in signalling, once its session is proved. */
  #wantsSignals = false
  #seat: SignalSeat | undefined

  constructor(socket: Socket, context: LinkContext) {
    this.#socket = socket
    this.#context = context
    this.#pipe = Pipe.of(socket)
    this.#receivedAtMs = performance.now()
    socket.on(FRAME_EVENT, (text: string) => this.#frame(text))
    socket.on(JOIN_EVENT, () => {
      this.#wantsSignals = true
      this.#join()
    })
    socket.on(SIGNAL_EVENT, (to: string, text: string) => this.#seat?.send(to, text))
    // Without a listener Socket.IO prints client errors to the console.
    socket.on('error', (error) => this.#note(error.message))
    socket.on('disconnect', (reason) => this.#gone(reason))
    this.#connect()
  }

  send(text: string): void {
    if (!this.#isOpen) return
    const { counts, limits, packets } = this.#context
    counts.framesOut++
    counts.charsOut += text.length
    const bytes = packets.bytesOf(text)
    this.#pipe.queued(bytes)
    packets.write(this.#socket.conn, text, this.#socket.nsp.name)
    this.#pipe.sent(bytes)
    const waiting = this.#pipe.waitingBytes
    if (waiting > limits.linkBufferBytesMax) this.#drop(`too slow: ${waiting} bytes wait`)
  }

  /** Bytes that the client has not read yet, in this process or in the network. */
  get bufferedBytes(): number {
    return Math.max(this.#pipe.waitingBytes, this.#pipe.unreadBytes)
  }

  bound(space: Uuid): void {
    this.#space = space
    this.#context.onBound(this.#socket)
    this.#join()
  }

  /** Closes the link of a silent client. Every byte counts as life, also of a partial frame. */
  look(nowMs: number): void {
    const { bytesRead } = this.#socket.request.socket
    if (bytesRead !== this.#receivedBytes) {
      this.#receivedBytes = bytesRead
      this.#receivedAtMs = nowMs
    } else if (nowMs - this.#receivedAtMs > this.#context.limits.silentMs) {
      this.#drop(`silent: no byte in ${this.#context.limits.silentMs} ms`)
    }
  }

  close(reason: string): void {
    if (!this.#isOpen) return
    this.#note(reason)
    this.#isOpen = false
    this.#socket.emit(BYE_EVENT, reason)
    this.#socket.disconnect()
  }

  #connect(): void {
    const { address } = this.#socket.handshake
    this.#context.log.debug({ link: this.#socket.id, address }, 'link opened')
    try {
      const handler = this.#context.reviewer.connect(this, { address })
      // The reviewer may have closed the link before it returned the handler.
      if (this.#isGone) handler.closed()
      else this.#handler = handler
    } catch (error) {
      this.#broken(error)
    }
  }

  #join(): void {
    if (!this.#isOpen || this.#seat || !this.#wantsSignals || this.#space === undefined) return
    this.#seat = this.#context.signals.join(this.#space, (from, text) => {
      if (this.#isOpen && this.#pipe.waitingBytes < SIGNAL_BACKLOG_BYTES)
        this.#socket.emit(SIGNAL_EVENT, from, text)
    })
    this.#socket.emit(JOINED_EVENT, this.#seat.id)
  }

  #frame(text: string): void {
    if (!this.#isOpen) return
    this.#context.counts.framesIn++
    this.#context.counts.charsIn += text.length
    if (isLongerThan(text, FRAME_BYTES_MAX)) {
      this.close(`a frame exceeds ${FRAME_BYTES_MAX} bytes`)
      return
    }
    try {
      this.#handler?.frame(text)
    } catch (error) {
      this.#broken(error)
    }
  }

  /** Ends the connection of a client that does not read, without a bye, which it would not read either. */
  #drop(reason: string): void {
    if (!this.#isOpen) return
    this.#note(reason)
    this.#context.counts.tooSlow++
    this.#isOpen = false
    this.#socket.request.socket.destroy()
  }

  #broken(error: unknown): void {
    this.#context.log.error({ link: this.#socket.id, err: error }, 'the reviewer threw')
    this.close('internal error')
  }

  #note(reason: string): void {
    this.#reason ??= reason
  }

  #gone(reason: string): void {
    this.#isOpen = false
    this.#isGone = true
    this.#seat?.leave()
    this.#context.log.debug(
      { link: this.#socket.id, reason: this.#reason ?? reason },
      'link closed',
    )
    this.#handler?.closed()
  }
}
