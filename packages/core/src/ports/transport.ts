/**
 * Moves frames of text between a replica and a reviewer. A transport may lose, repeat
 * and reorder frames and may close at any time; it never alters one. It does not parse
 * frames (contract: `test/contract/transport.ts`).
 */
import type { Uuid } from '../base/uuid.ts'

/** Maximum UTF-8 bytes of one frame; both sides reject a larger one. */
export const FRAME_BYTES_MAX: number = 262_144

/** Callbacks of a transport while a link lives; none follows `closed`. */
export interface LinkEvents {
  /** The link can carry frames. At most once, before any frame. */
  open(): void
  frame(text: string): void
  /**
   * Bytes arrived that are not a whole frame yet: the other end is alive. Optional on both sides.
   */
  alive?(): void
  /** The link has ended and emits no more events. Exactly once, unless the holder closed it. */
  closed(reason: string): void
}

/** One connection attempt and, if it succeeds, one connection. It never reconnects by itself. */
export interface Link {
  /** Sends, or silently discards when the link is not open. Never throws, never waits. */
  send(text: string): void
  /** Sent bytes that are still buffered, if the link can report them; offers wait for them. */
  readonly bufferedBytes?: number
  /** Ends the link. No event follows. Idempotent. */
  close(): void
}

/** A way to the reviewer. The replica decides when to connect and when to retry. */
export interface Transport {
  connect(events: LinkEvents): Link
  /**
   * Calls `wake` when a retry is worthwhile, e.g. the network came back. Returns an unsubscribe
   * function.
   */
  onWake?(wake: () => void): () => void
}

/** The reviewer's end of a link, as its gateway provides it. */
export interface ServerLink {
  send(text: string): void
  /**
   * Sent bytes that the peer has not read yet, or, if the link cannot report those, bytes still
   * buffered. Paces sending.
   */
  readonly bufferedBytes?: number
  /** The peer has proved its own session in that space. Called once; an unproved peer receives no data. */
  bound?(space: Uuid): void
  close(reason: string): void
}
