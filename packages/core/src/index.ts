/** The main door of core: declare entities, open a store, read and write. */
export { CountersignError, type ErrorCode } from './base/outcome.ts'
export { InvariantError } from './base/assert.ts'
export type { Json } from './base/json.ts'
export type { Uuid } from './base/uuid.ts'
export { bigint, bytes, date, optional, reference } from './schema/codec.ts'
export type { Codec, FieldSchema } from './schema/codec.ts'
export { eachKey, entity } from './schema/entity.ts'
export type { EachKey, Entity, EntityOptions } from './schema/entity.ts'
export type {
  AnyRow,
  Candidate,
  Condition,
  FieldConflict,
  Input,
  Patch,
  Query,
  Row,
  RowMeta,
  RowState,
  Where,
} from './schema/types.ts'
export type { FinalReason, Position } from './message/message.ts'
export { memoryStorage } from './replica/memory-storage.ts'
export type { IdentityOptions } from './replica/identity.ts'
export { defaultPlatform } from './replica/platform.ts'
export type { Platform } from './replica/platform.ts'
export { createSyncStore } from './replica/sync-store.ts'
export type { StoreOptions } from './replica/sync-store.ts'
export type {
  Connection,
  ImportOptions,
  ImportReport,
  LiveQuery,
  MessageState,
  Peek,
  QueryResult,
  Receipt,
  SyncStatus,
  SyncStore,
  TransactionReceipt,
  Verdict,
} from './replica/store.ts'
