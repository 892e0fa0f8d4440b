/**
 * `serveReviewer`: serves a reviewer through Socket.IO, on its own HTTP server or on one of the app.
 * It owns sockets, links and HTTP endpoints; verdicts, order and the store belong to the reviewer.
 *
 *   serving --close()--> stopping: not ready, no new links, running commits end
 *                        -> each link gets its bye -> sockets closed -> stopped
 */
import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, Server as HttpServer } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { AddressInfo, Socket as NetSocket } from 'node:net'
import { Registry } from 'prom-client'
import { Server } from 'socket.io'
import type { Socket } from 'socket.io'
import { FramePackets } from './frame-packets.ts'
import { BESIDE, Decoder, Encoder } from './frame-parser.ts'
import { GatewayLink } from './link.ts'
import { newCounts, registerMetrics } from './metrics.ts'
import type { GatewayCounts } from './metrics.ts'
import { isOriginAllowed } from './origin.ts'
import type { Cors } from './origin.ts'
import { pages } from './pages.ts'
import { Pipe } from './pipe.ts'
import { Signals } from './signals.ts'
import { GATEWAY_LIMITS, SILENT } from './types.ts'
import type { GatewayHost, GatewayLimits, GatewayReviewer, Log } from './types.ts'

/** Maximum bytes of a Socket.IO packet: a frame of 256 KiB with its envelope. */
const PACKET_BYTES_MAX = 300 * 1024
/** Timeout of Socket.IO's handshake; the timeout of the protocol's greeting is in core. */
const HANDSHAKE_MS = 10_000
/** Long, because `link.ts` detects silent clients by any byte; a pong may be queued behind data. */
const PING_TIMEOUT_MS = 600_000
/** Interval between checks for silent clients; at most a sixth of `silentMs`. */
const LOOK_MS = 5_000

/** The options of `serveReviewer`: the reviewer, its address, and the allowed origins. */
export interface ServeOptions {
  /** A reviewer of one space, or a host of many. */
  readonly reviewer: GatewayReviewer | GatewayHost
  /** A server of the app, which the app starts and closes. Instead of `port`. */
  readonly httpServer?: HttpServer | HttpsServer
  /** Port of the gateway's own server, 0 for a free one. */
  readonly port?: number
  /** Address of the gateway's own server. Default `127.0.0.1`: this machine only. */
  readonly host?: string
  /** Path of the endpoint. Default `/socket.io`. */
  readonly path?: string
  /** Origins whose pages may connect, besides the server's own address. List the server's public name here, too. */
  readonly cors?: Cors
  readonly log?: Log
  /** The registry for metrics; false: no metrics and no `/metrics`. Default: a registry of its own. */
  readonly metrics?: Registry | false
  readonly limits?: Partial<GatewayLimits>
}

/** A Socket.IO server in front of a reviewer. */
export interface Gateway {
  /** The URL of the gateway's own server, e.g. `http://127.0.0.1:4800`; empty on a server of the app. */
  readonly url: string
  /** Stops gracefully, the reviewer included. Idempotent. */
  close(): Promise<void>
}

/** Serves a reviewer. Rejects with a one-line `Error` when it cannot listen on the port. */
export async function serveReviewer(options: ServeOptions): Promise<Gateway> {
  const gateway = new SocketIoGateway(options)
  await gateway.listen()
  return gateway
}

class SocketIoGateway implements Gateway {
  url = ''
  readonly #options: ServeOptions
  readonly #limits: GatewayLimits
  readonly #log: Log
  readonly #http: HttpServer | HttpsServer
  readonly #io: Server
  readonly #counts: GatewayCounts = newCounts()
  readonly #links = new Set<GatewayLink>()
  readonly #sockets = new Set<NetSocket>()
  /** Sockets without a proved session, oldest first. */
  readonly #unbound = new Set<NetSocket>()
  readonly #looking: NodeJS.Timeout
  #stopped: Promise<void> | undefined

  constructor(options: ServeOptions) {
    this.#options = options
    this.#limits = { ...GATEWAY_LIMITS, ...options.limits }
    this.#log = options.log ?? SILENT
    this.#http = options.httpServer ?? createServer()
    this.#addPages()
    this.#io = new Server(this.#http, {
      path: options.path ?? '/socket.io',
      transports: ['websocket'],
      parser: { Encoder, Decoder },
      serveClient: false,
      perMessageDeflate: false,
      maxHttpBufferSize: PACKET_BYTES_MAX,
      connectTimeout: HANDSHAKE_MS,
      cleanupEmptyChildNamespaces: true,
      pingTimeout: PING_TIMEOUT_MS,
      allowRequest: (request, answer) => {
        const why = this.#refusal(request)
        answer(why, why === null)
      },
    })
    this.#accept()
    const everyMs = Math.min(LOOK_MS, this.#limits.silentMs / 6)
    this.#looking = setInterval(() => {
      for (const link of this.#links) link.look(performance.now())
    }, everyMs).unref()
  }

  async listen(): Promise<void> {
    const { httpServer, port = 0, host = '127.0.0.1' } = this.#options
    if (httpServer !== undefined) return
    await new Promise<void>((done, failed) => {
      this.#http.once('error', (error: NodeJS.ErrnoException) => {
        failed(new Error(listenFault(error, host, port), { cause: error }))
      })
      this.#http.listen(port, host, done)
    })
    this.url = urlOf(this.#http.address() as AddressInfo)
  }

  close(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  #addPages(): void {
    const metrics =
      this.#options.metrics === false ? undefined : (this.#options.metrics ?? new Registry())
    if (metrics !== undefined) registerMetrics(metrics, this.#options.reviewer, this.#counts)
    const others = this.#http.listeners('request') as RequestListener[]
    this.#http.removeAllListeners('request')
    this.#http.on('request', pages({ notReady: () => this.#notReady(), metrics }, others))
  }

  #accept(): void {
    const { reviewer } = this.#options
    const context = {
      reviewer,
      packets: new FramePackets(),
      counts: this.#counts,
      limits: this.#limits,
      log: this.#log,
      signals: new Signals(),
      onBound: (bound: Socket) => void this.#unbound.delete(bound.request.socket),
    }
    this.#io.engine.on('connection', (connection: { request: IncomingMessage }) => {
      const { socket } = connection.request
      this.#sockets.add(socket)
      this.#unbound.add(socket)
      socket.once('close', () => {
        this.#sockets.delete(socket)
        this.#unbound.delete(socket)
      })
      this.#makeRoom()
    })
    const connected = (socket: Socket): void => {
      if (!Pipe.of(socket).takes(socket, this.#limits.linksPerConnectionMax)) return
      const link = new GatewayLink(socket, context)
      this.#links.add(link)
      socket.once('disconnect', () => this.#links.delete(link))
    }
    this.#io.on('connection', connected)
    this.#io.of(BESIDE).on('connection', connected)
  }

  #makeRoom(): void {
    for (const oldest of this.#unbound) {
      if (this.#unbound.size <= this.#limits.unboundConnectionsMax) return
      this.#counts.refused++
      const address = oldest.remoteAddress
      this.#log.warn({ address, why: 'too many without a session' }, 'link ended')
      this.#unbound.delete(oldest)
      oldest.destroy()
    }
  }

  /** Why a link request is refused; null: accepted. */
  #refusal(request: IncomingMessage): string | null {
    const why = this.#faultOf(request)
    if (why === null) return null
    this.#counts.refused++
    const { origin } = request.headers
    this.#log.warn({ address: request.socket.remoteAddress, origin, why }, 'link refused')
    return why
  }

  #faultOf(request: IncomingMessage): string | null {
    if (this.#stopped !== undefined) return 'the reviewer is stopping'
    const bound = this.#sockets.size - this.#unbound.size
    if (bound >= this.#limits.connectionsMax) return 'too many connections'
    return isOriginAllowed(request, this.#options) ? null : 'this origin is not allowed'
  }

  #notReady(): string | undefined {
    if (this.#stopped !== undefined) return 'stopping'
    return this.#options.reviewer.state.healthy ? undefined : 'the store fails'
  }

  async #stop(): Promise<void> {
    clearInterval(this.#looking)
    const isOwn = this.#options.httpServer === undefined
    const closed = isOwn ? this.#closeHttp() : Promise.resolve()
    await within(this.#limits.stopMs, this.#options.reviewer.close())
    for (const link of this.#links) link.close('bye')
    this.#io.engine.close()
    await within(this.#limits.stopMs, this.#socketsClosed())
    for (const socket of this.#sockets) socket.destroy()
    if (isOwn) this.#http.closeAllConnections()
    await closed
  }

  #closeHttp(): Promise<void> {
    return new Promise((done) => {
      this.#http.close(() => done())
    })
  }

  async #socketsClosed(): Promise<void> {
    await Promise.all(
      [...this.#sockets].map((socket) => new Promise((done) => socket.once('close', done))),
    )
  }
}

/** Waits for `work`, for at most `limitMs`. */
async function within(limitMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<void>((done) => {
    timer = setTimeout(done, limitMs)
  })
  try {
    await Promise.race([work, limit])
  } finally {
    clearTimeout(timer)
  }
}

function listenFault(error: NodeJS.ErrnoException, host: string, port: number): string {
  if (error.code === 'EADDRINUSE') return `port ${port} of ${host} is in use`
  if (error.code === 'EACCES') return `port ${port} of ${host} needs more rights`
  return `cannot listen on port ${port} of ${host}: ${error.message}`
}

function urlOf({ address, family, port }: AddressInfo): string {
  if (address === '0.0.0.0' || address === '::') return `http://127.0.0.1:${port}`
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}
