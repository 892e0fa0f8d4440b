/**
 * Every bound of messages, frames, queues and caches, in one value that is passed down. `LIMITS`
 * are the defaults; a deployment may lower some, and the simulated world sets them to a few.
 */
import { FRAME_BYTES_MAX } from '../ports/transport.ts'
import { REGISTERS_MAX } from '../schema/registers.ts'

/** Every bound of the protocol. The name ends with the unit; a bound without one counts items. */
export interface Limits {
  /** UTF-8 bytes of one frame, both directions. A larger one is sent in parts. */
  readonly frameBytesMax: number
  /** UTF-8 bytes of all parts of one frame from an author, or from a reviewer. */
  readonly authorFrameBytesMax: number
  readonly reviewerFrameBytesMax: number
  readonly messageChangesMax: number
  /** UTF-8 bytes of one packed message. */
  readonly messageBytesMax: number
  /** UTF-8 bytes of the state of one entity, which a new replica reads at once. */
  readonly entityBytesMax: number
  /** Rows in the `expect` of a message. */
  readonly expectMax: number
  readonly registersMax: number
  readonly parentsMax: number
  /** Spans of pending messages of other sessions in one change. */
  readonly ownSpansMax: number
  readonly liveWritesMax: number
  readonly keepMax: number
  readonly outboxMessagesMax: number
  readonly outboxBytesMax: number
  readonly flushMessagesMax: number
  readonly flushBytesMax: number
  /** Delay of a flush while the outbox fills. */
  readonly flushDelayMs: number
  readonly inFlightMessagesMax: number
  readonly inFlightBytesMax: number
  readonly handshakeMs: number
  readonly handshakeBytesMax: number
  readonly sessionsPerBindMax: number
  /** Sessions bound to one link; further ones are not bound. */
  readonly sessionsPerLinkMax: number
  /** Binds that ask the store at a time; the next ones wait, and are dropped with their link. */
  readonly bindsAtOnceMax: number
  /** Author ids of a person that the reviewer sends to that person; the newest ones. */
  readonly authorsToldMax: number
  /**
   * Rate limit of one person over all links: messages offered per second, and their burst; more
   * messages wait.
   */
  readonly personMessagesPerSecond: number
  readonly personMessagesBurst: number
  /** The same limit for the UTF-8 bytes of offered flushes. */
  readonly personBytesPerSecond: number
  readonly personBytesBurst: number
  /**
   * The same limit for the UTF-8 bytes of answers to `want`, `history` and `seal`; the rest of an
   * answer waits.
   */
  readonly personReadBytesPerSecond: number
  readonly personReadBytesBurst: number
  /** Sessions that are bound at a time; further ones are not bound. */
  readonly sessionsPerPersonMax: number
  /** Answers to `want` at a time; a further `want` is ignored, and asked again. */
  readonly wantsPerPersonMax: number
  /** Flushes that contradict what their author has signed before, kept as evidence. */
  readonly evidenceMax: number
  /** Sessions without a verdict that a reviewer keeps; older ones must bind again. */
  readonly idleSessionsMax: number
  /** Rejections whose texts a reviewer keeps, approximately; the oldest are deleted first. */
  readonly rejectionsMax: number
  /** A replica at most so many changes behind gets the tail, never a snapshot. */
  readonly tailChangesMax: number
  /** Writes in a `stale` or `contested` verdict, and their bytes of JSON. */
  readonly standingMax: number
  readonly standingBytesMax: number
  /** Maximum size of an answer to `history`; the newest messages are kept. */
  readonly historyMessagesMax: number
  readonly historyBytesMax: number
  /** Pending `history` requests of one link. */
  readonly historiesMax: number
  /** Of so many flushes that a follower reads, it asks for the seal of one. */
  readonly flushesPerSeal: number
  /** Seals that are asked for over one link at a time. */
  readonly sealsMax: number
  /** Entities of one page of a snapshot. */
  readonly pageEntitiesMax: number
  /** Bytes of states that a reviewer caches, for all its spaces. */
  readonly cacheBytesMax: number
  /** Numbers with verdicts, and as many messages, that it caches, for all its spaces. */
  readonly ledgerCacheMax: number
  /** UTF-8 bytes of encoded pages of snapshots that it keeps, for all its spaces. */
  readonly snapshotBytesMax: number
  /** States written behind in one transaction, approximately. */
  readonly dirtyStatesMax: number
  /** Changes of one entity that it reads to find a base; beyond it the base is unknown. */
  readonly baseChangesMax: number
  /** Bytes that may be buffered in a link before a long answer pauses. */
  readonly linkBufferedBytesMax: number
  /**
   * Messages that the reviewer commits together, and that may wait for it before it answers `busy`.
   */
  readonly batchMessagesMax: number
  /**
   * UTF-8 bytes of the flushes of one commit, unless a single one is larger: a slow reader gets it
   * whole.
   */
  readonly batchBytesAim: number
  readonly waitingMessagesMax: number
  /** Parts of one snapshot. */
  readonly snapshotPartsMax: number
  /** UTF-8 bytes of pages of an unfinished snapshot that a follower keeps for its next link. */
  readonly keptPagesBytesMax: number
  /** Positions whose chain reviewers and stores keep, to compare it with an author's `seen`. */
  readonly heldChainsMax: number
  /** Stored steps of the tail, and their UTF-8 bytes, before a checkpoint. */
  readonly checkpointStepsMax: number
  readonly checkpointStepBytesMax: number
  /** UTF-8 bytes of stored own flushes that were accepted, before a checkpoint deletes them. */
  readonly settledOwnBytesMax: number
  /** UTF-8 bytes of batches that a store keeps to hand them back, and for how long, ms. */
  readonly journalBytesMax: number
  readonly journalMs: number
  /** Rows of one page of it, and their approximate UTF-8 bytes. */
  readonly storedPageEntitiesMax: number
  readonly storedPageBytesAim: number
  /** Timeout of a storage call, after which the store continues in memory, ms. */
  readonly storageAnswerMs: number
  /** Time slice of work on a backlog or a checkpoint, ms. */
  readonly sliceMs: number
  /** Batches that are written to the storage together. */
  readonly storageBatchesMax: number
}

/**
 * Bytes of a frame reserved for its kind, position and ids; the rest is for batches, pages and
 * lists.
 */
const FRAME_ENVELOPE_BYTES = 4_096

/** Bytes of batches, of a page, or of a list of verdicts in one frame. */
export function frameContentBytesMax({ frameBytesMax }: Pick<Limits, 'frameBytesMax'>): number {
  return frameBytesMax - Math.min(FRAME_ENVELOPE_BYTES, frameBytesMax / 2)
}

/** The bounds of this version of the protocol. Both ends check them. */
export const LIMITS: Limits = {
  frameBytesMax: FRAME_BYTES_MAX,
  authorFrameBytesMax: 1_310_720,
  reviewerFrameBytesMax: 8_388_608,
  messageChangesMax: 4_096,
  messageBytesMax: 1_048_576,
  entityBytesMax: 4_194_304,
  expectMax: 4_096,
  registersMax: REGISTERS_MAX,
  parentsMax: 32,
  ownSpansMax: 1_024,
  liveWritesMax: 32,
  keepMax: 32,
  outboxMessagesMax: 200_000,
  outboxBytesMax: 67_108_864,
  flushMessagesMax: 256,
  flushBytesMax: 65_536,
  flushDelayMs: 4,
  inFlightMessagesMax: 1_024,
  inFlightBytesMax: 1_048_576,
  handshakeMs: 10_000,
  handshakeBytesMax: 65_536,
  sessionsPerBindMax: 64,
  sessionsPerLinkMax: 1_024,
  bindsAtOnceMax: 4,
  authorsToldMax: 1_024,
  personMessagesPerSecond: 2_000,
  personMessagesBurst: 40_000,
  personBytesPerSecond: 4_194_304,
  personBytesBurst: 134_217_728,
  personReadBytesPerSecond: 8_388_608,
  personReadBytesBurst: 268_435_456,
  sessionsPerPersonMax: 4_096,
  wantsPerPersonMax: 64,
  evidenceMax: 256,
  idleSessionsMax: 16_384,
  rejectionsMax: 8_192,
  tailChangesMax: 2_000,
  standingMax: 32,
  standingBytesMax: 16_384,
  historyMessagesMax: 1_000,
  historyBytesMax: 8_388_608,
  historiesMax: 8,
  flushesPerSeal: 256,
  sealsMax: 16,
  pageEntitiesMax: 256,
  cacheBytesMax: 33_554_432,
  ledgerCacheMax: 16_384,
  snapshotBytesMax: 33_554_432,
  dirtyStatesMax: 2_048,
  baseChangesMax: 1_024,
  linkBufferedBytesMax: 1_048_576,
  batchMessagesMax: 2_048,
  batchBytesAim: 65_536,
  waitingMessagesMax: 65_536,
  snapshotPartsMax: 65_536,
  keptPagesBytesMax: 33_554_432,
  heldChainsMax: 4_096,
  checkpointStepsMax: 512,
  checkpointStepBytesMax: 4_194_304,
  settledOwnBytesMax: 524_288,
  journalBytesMax: 20_971_520,
  journalMs: 604_800_000,
  storedPageEntitiesMax: 128,
  storedPageBytesAim: 65_536,
  storageAnswerMs: 10_000,
  sliceMs: 8,
  storageBatchesMax: 64,
}
