/**
 * Moves frames of text between a replica and a reviewer. A transport may lose, repeat
 * and reorder frames and may close at any time; it never alters one. It knows nothing
 * of what a frame says (contract: `test/contract/transport.ts`).
 */

/** UTF-8 bytes of one frame, at the most; what is larger is refused by either side. */
export const FRAME_BYTES_MAX: number = 262_144

/** What a transport calls while a link lives; nothing after `closed`. */
export interface LinkEvents {
  /** The link can carry frames. At most once, before any frame. */
  open(): void
  frame(text: string): void
  /** Bytes came that are no whole frame: the other end lives. Optional on both sides. */
  alive?(): void
  /** The link is gone and will say nothing more. Exactly once, unless the holder closed it. */
  closed(reason: string): void
}

/** One connection attempt and, if it succeeds, one connection. It never reconnects by itself. */
export interface Link {
  /** Sends, or drops silently when the link is not open. Never throws, never waits. */
  send(text: string): void
  /** Bytes that were sent and have not left yet, if the link can tell; offers wait for them. */
  readonly bufferedBytes?: number
  /** Ends the link. No event follows. Idempotent. */
  close(): void
}

/** A way to the reviewer. The replica decides when to connect, and when to try again. */
export interface Transport {
  connect(events: LinkEvents): Link
  /** Calls `wake` when it is worth trying again at once, e.g. the network came back. Returns its end. */
  onWake?(wake: () => void): () => void
}

/** The reviewer's end of a link, as its gateway hands it over. */
export interface ServerLink {
  send(text: string): void
  /**
   * Bytes that were sent and that the peer has not read yet, if the link can tell; otherwise those
   * that have not left. What is sent is paced by it.
   */
  readonly bufferedBytes?: number
  /** The peer has proved a session of its own. Once; until then it is a stranger, and reads nothing. */
  bound?(): void
  close(reason: string): void
}
