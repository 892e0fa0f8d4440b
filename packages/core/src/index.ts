/** The main door of core: declare entities, open a store, read and write. */
export { CountersignError, type ErrorCode } from './base/outcome.ts'
export { InvariantError } from './base/assert.ts'
export type { Json } from './base/json.ts'
export type { Uuid } from './base/uuid.ts'
export { bigint, bytes, date, optional } from './schema/codec.ts'
export type { Codec, FieldSchema, RefTo } from './schema/codec.ts'
export { counter, ops, set } from './schema/merging-fields.ts'
export { encrypted } from './schema/encrypted.ts'
export { entity } from './schema/entity.ts'
export type { Entity, EntityOptions } from './schema/entity.ts'
export { eachKey } from './schema/shape.ts'
export type { EachKey } from './schema/shape.ts'
export { isUnreadable } from './schema/unreadable.ts'
export type { Unreadable } from './schema/unreadable.ts'
export {
  add,
  code,
  format,
  head,
  hoist,
  map,
  nest,
  remove,
  rename,
  scale,
  wrap,
} from './schema/lens/steps.ts'
export type { Step } from './schema/lens/step.ts'
export { CONFLICT } from './schema/policies.ts'
export type { FieldPolicy, MergeFunction, RowPolicies } from './schema/policies.ts'
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
export type { Capability } from './facts/capabilities.ts'
export type { FinalReason, MessageState, Position } from './facts/message.ts'
export { memoryStorage } from './ports/memory-storage.ts'
export type { IdentityOptions } from './client/identity/identity.ts'
export { defaultPlatform } from './client/platform/platform.ts'
export type { Platform } from './client/platform/platform.ts'
export { createSyncStore } from './client/create.ts'
export type { StoreOptions } from './client/create.ts'
export { followed } from './client/reads/followed.ts'
export type { FollowedScope } from './client/reads/followed.ts'
export { livePages } from './client/reads/pages.ts'
export type { IncludedPages, LivePages, PagedQuery, PagesResult } from './client/reads/pages.ts'
export { reference } from './client/reads/reference.ts'
export type { Include, IncludedRow } from './client/included.ts'
export type {
  Auth,
  Conflict,
  ConnectionState,
  ConnectionRefusal,
  Followed,
  History,
  HistoryEntry,
  ImportOptions,
  ImportReport,
  IncludedResult,
  LiveList,
  LiveQuery,
  Me,
  MigrateOptions,
  MigrationReport,
  Peek,
  QueryResult,
  Receipt,
  RefusedChange,
  RefusedMessage,
  ResetOptions,
  SignOutOptions,
  SignOutReport,
  StandingValue,
  StorageHealth,
  SyncStatus,
  SyncStore,
  TransactOptions,
  TransactionReceipt,
  UndoReport,
  UnsentMessage,
  UnsentReport,
  Verdict,
} from './client/store.ts'
