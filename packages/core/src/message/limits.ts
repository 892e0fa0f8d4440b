/** The bounds of messages, values and queues. Everything here is a default that a deployment may lower. */

export interface Limits {
  readonly messageChangesMax: number
  /** UTF-8 bytes of one message as it is packed. */
  readonly messageBytesMax: number
  readonly registersMax: number
  readonly parentsMax: number
  readonly headsMax: number
  readonly liveWritesMax: number
  readonly keepMax: number
  readonly outboxMessagesMax: number
  readonly outboxBytesMax: number
  readonly flushMessagesMax: number
  readonly flushBytesMax: number
  /** How long a busy outbox gathers before it flushes. */
  readonly flushDelayMs: number
  readonly inFlightMessagesMax: number
  readonly inFlightBytesMax: number
  /** Messages of one entity that are not compacted. */
  readonly entityMessagesMax: number
  readonly handshakeMs: number
  readonly handshakeBytesMax: number
  readonly wantIdsMax: number
  readonly sessionsPerBindMax: number
  /** A replica that is no further behind than this gets the tail, never a snapshot. */
  readonly tailMessagesMax: number
  /** Writes that a `stale` verdict names, and bytes of JSON that they take. */
  readonly standingMax: number
  readonly standingBytesMax: number
  /** What an answer to `history` holds at the most; the newest messages are kept. */
  readonly historyMessagesMax: number
  readonly historyBytesMax: number
  /** Histories that one link may wait for. */
  readonly historiesMax: number
}

export const LIMITS: Limits = {
  messageChangesMax: 512,
  messageBytesMax: 196_608,
  registersMax: 128,
  parentsMax: 32,
  headsMax: 32,
  liveWritesMax: 32,
  keepMax: 32,
  outboxMessagesMax: 200_000,
  outboxBytesMax: 67_108_864,
  flushMessagesMax: 64,
  flushBytesMax: 65_536,
  flushDelayMs: 4,
  inFlightMessagesMax: 1_024,
  inFlightBytesMax: 1_048_576,
  entityMessagesMax: 65_536,
  handshakeMs: 10_000,
  handshakeBytesMax: 65_536,
  wantIdsMax: 512,
  sessionsPerBindMax: 64,
  tailMessagesMax: 2_000,
  standingMax: 32,
  standingBytesMax: 16_384,
  historyMessagesMax: 1_000,
  historyBytesMax: 8_388_608,
  historiesMax: 8,
}
