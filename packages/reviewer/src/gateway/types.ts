/** What the gateway asks of the reviewer behind it and of its surroundings, and its bounds. */
import type { ServerLink } from '@countersign/core/ports'

/** Who is at the other end of a link. `auth` is untrusted: what the client sent with its handshake. */
export interface Peer {
  readonly address: string
  readonly auth: unknown
}

/** What the gateway calls for one link. */
export interface LinkHandler {
  /** A text of at most `FRAME_BYTES_MAX` bytes; nothing else is known of it. */
  frame(text: string): void
  /** The link is gone, whoever closed it. Exactly once, and nothing after it. */
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
  /** Resolves when running commits have ended. */
  close(): Promise<void>
}

/** The part of core's `ReviewerHost`, which has many, that a gateway uses. */
export interface GatewayHost {
  connect(link: ServerLink, peer: Peer): LinkHandler
  readonly state: Pick<GatewayReviewer['state'], 'connections' | 'healthy' | 'pendingCommit'>
  /** The reviewers whose spaces are open now. */
  readonly open: readonly Pick<GatewayReviewer, 'state'>[]
  close(): Promise<void>
}

/** A logger, as pino is one. */
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

/** Bounds that keep one client, or many, from taking the memory of this process. */
export interface GatewayLimits {
  /**
   * Bytes that may wait in this process for one client to read them. Core sends at the client's
   * pace, so one that reads at all stays far below; others are closed. Default 16 MiB: one frame
   * in parts has half of it at the most.
   */
  readonly linkBufferBytesMax: number
  /** Milliseconds without a single byte of a client until its link is closed. Default 90,000. */
  readonly silentMs: number
  /** Connections at once that have proved a session; further ones are refused. Default 10,000. */
  readonly connectionsMax: number
  /**
   * Connections at once that have not, beside the others. The oldest makes room for a new one, so
   * those who prove theirs at once get in whoever holds the rest. Default 1,000.
   */
  readonly unboundConnectionsMax: number
  /** Milliseconds that a stop waits for running commits, and then for clients to go. Default 5,000. */
  readonly stopMs: number
}

export const GATEWAY_LIMITS: GatewayLimits = {
  linkBufferBytesMax: 16 * 1024 * 1024,
  silentMs: 90_000,
  connectionsMax: 10_000,
  unboundConnectionsMax: 1_000,
  stopMs: 5_000,
}
