import type { Signalling, Transport } from '@countersign/core/ports'

/** A transport whose links may share one connection; `socketIo` returns one. */
export interface ShareableTransport extends Transport {
  readonly signalling: Signalling
  /** A transport for another store, with signalling of its own, over the same connection. */
  beside(): ShareableTransport
}
