/** The interfaces that the gateway uses, and its limits. */
import type { ServerLink } from '@countersign/core/ports'

/** The client of a link. */
export interface Peer {
  readonly address: string
}

/** The handlers of one link, called by the gateway. */
export interface LinkHandler {
  /** Called with an untrusted text of at most `FRAME_BYTES_MAX` bytes. */
  frame(text: string): void
  /** Called exactly once when the link is closed by either end; no other call follows. */
  closed(): void
}

/** The part of core's `Reviewer`, which has one space, that a gateway uses. */
export interface GatewayReviewer {
  connect(link: ServerLink, peer: Peer): LinkHandler
  readonly state: {
    readonly epoch: number
    readonly seq: number
    readonly connections: number
    readonly healthy: boolean
    readonly pendingCommit: number
    readonly accepted: number
    readonly rejected: number
    readonly nacked: number
  }
  /** Resolves when running commits have finished. */
  close(): Promise<void>
}

/** The part of core's `ReviewerHost`, which has many, that a gateway uses. */
export interface GatewayHost {
  connect(link: ServerLink, peer: Peer): LinkHandler
  readonly state: Pick<GatewayReviewer['state'], 'connections' | 'healthy' | 'pendingCommit'>
  /** The reviewers of all open spaces. */
  readonly open: readonly Pick<GatewayReviewer, 'state'>[]
  close(): Promise<void>
}

/** A logger, compatible with pino. */
export interface Log {
  debug(about: object, message: string): void
  info(about: object, message: string): void
  warn(about: object, message: string): void
  error(about: object, message: string): void
}

export const SILENT: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
}

/** Limits that protect the memory of this process from clients. */
export interface GatewayLimits {
  /**
   * Maximum buffered bytes for one client; above it the link is closed. Core sends at the client's
   * pace, so a client that reads stays far below. Default 16 MiB: twice the largest frame in parts.
   */
  readonly linkBufferBytesMax: number
  /** Time without a byte of a client until its link is closed, ms. Default 90,000. */
  readonly silentMs: number
  /** Maximum concurrent connections with a proved session; further ones are refused. Default 10,000. */
  readonly connectionsMax: number
  /**
   * Maximum concurrent connections without a proved session. The oldest is closed for a new one, so
   * that idle connections cannot block honest clients. Default 1,000.
   */
  readonly unboundConnectionsMax: number
  /** Maximum links of one connection, which tabs of a browser share; further ones are refused. Default 64. */
  readonly linksPerConnectionMax: number
  /** Time that a stop waits for running commits, and then for clients to disconnect, ms. Default 5,000. */
  readonly stopMs: number
}

export const GATEWAY_LIMITS: GatewayLimits = {
  linkBufferBytesMax: 16 * 1024 * 1024,
  silentMs: 90_000,
  connectionsMax: 10_000,
  unboundConnectionsMax: 1_000,
  linksPerConnectionMax: 64,
  stopMs: 5_000,
}
