/** The door `core/ports`: what the outside world must provide. Interfaces only, and their constants. */
export type { Channel, OpenChannel } from './channel.ts'
export type { Clock } from './clock.ts'
export type { Locks } from './locks.ts'
export type { Random } from './random.ts'
export type { KeyPair, Signer } from './signer.ts'
export { DRAFT_KEYS, StorageError } from './storage.ts'
export type {
  Advance,
  Checkpoint,
  Segment,
  Storage,
  StorageHandle,
  StorageTrouble,
  StoredSegment,
  StoredState,
  WriteBatch,
} from './storage.ts'
export { isLongerThan, utf8Bytes } from '../base/size.ts'
export type { Bytes } from '../base/size.ts'
export { FRAME_BYTES_MAX } from './transport.ts'
export type { Link, LinkEvents, ServerLink, Transport } from './transport.ts'
export type {
  AppendBatch,
  ReviewerState,
  ReviewerStore,
  StoredRejection,
  StoredRun,
  StoredSession,
} from './reviewer-store.ts'
