/**
 * The door `core/ports`: what a platform must provide. Interfaces and their constants; for space
 * stores also the shared checks and the reference implementation in memory.
 */
export type { Channel, OpenChannel } from './channel.ts'
export type { Ciphertext, FieldCipher } from './cipher.ts'
export type { Clock } from './clock.ts'
export type { Locks } from './locks.ts'
export type { Random } from './random.ts'
export type { KeyPair, Signer } from './signer.ts'
export { DRAFT_KEYS, StorageError, allPages, outboxOrder } from './storage.ts'
export type {
  Advance,
  Checkpoint,
  Page,
  PageKeys,
  PageReading,
  Rewrite,
  Segment,
  SettledSegment,
  Storage,
  StorageHandle,
  StorageTrouble,
  StoredCheckpoint,
  StoredSegment,
  StoredState,
  WriteBatch,
  Written,
} from './storage.ts'
export type { StorageCare, StorageMarks, StorageOutlook } from './storage-care.ts'
export { fromBase64url, toBase64url } from '../base/bytes.ts'
export { bytesOf, isLongerThan, utf8Bytes } from '../base/size.ts'
export type { Bytes } from '../base/size.ts'
export { FRAME_BYTES_MAX } from './transport.ts'
export type { Link, LinkEvents, ServerLink, Transport } from './transport.ts'
export { SAID_BYTES_MAX, SIGNAL_BYTES_MAX } from './peers.ts'
export type { AcceptLink, Peers, Signalling, SignallingEvents } from './peers.ts'
export { StoreError } from './store-error.ts'
export type { StoreTrouble } from './store-error.ts'
export { SCANS_MAX, STORE_KEYS_MAX, oneKey } from './space-store.ts'
export type {
  BatchText,
  ChangeText,
  Commit,
  HeadMark,
  LedgerAnswer,
  LedgerRun,
  AuthorText,
  NumberedSession,
  ReadLimit,
  RejectionText,
  RevocationText,
  ScanPage,
  ScanTables,
  SessionText,
  SpaceHead,
  SpaceStore,
  SpaceStores,
  SpaceTables,
  StateScan,
  StateKeyRange,
  StateKeys,
  StateText,
  Stored,
  WriteBehind,
  WrittenState,
} from './space-store.ts'
export {
  NEW_HEAD,
  checkApart,
  checkCommit,
  checkKeys,
  checkState,
  checkWriteBehind,
  damaged,
  isFencedCommit,
  isFencedWriteBehind,
  joins,
} from './space-check.ts'
export { spacesOver } from './space-over.ts'
export type { Run, StepKind } from './space-over.ts'
export { InvariantError, assert } from '../base/assert.ts'
export { checksum } from '../base/checksum.ts'
export { memoryMarks } from './memory-marks.ts'
export { memorySpaces } from './space-memory.ts'
export type { SpaceMark, SpaceMarks } from './space-marks.ts'
