'use client'
/**
 * The door of `@countersign/react`: a provider and hooks over a store of core. The hooks keep no
 * state of their own: each reads the store in memory and subscribes to it. Only `useCreateStore` and
 * `useInfiniteQuery` import core at run time.
 */
export { SyncProvider, type SyncProviderProps } from './sync-provider.ts'
export { useConflicts } from './use-conflicts.ts'
export { useCreateStore } from './use-create-store.ts'
export { useEntity } from './use-entity.ts'
export { useInfiniteQuery } from './use-infinite-query.ts'
export { useMe } from './use-me.ts'
export { useQuery } from './use-query.ts'
export { useRefused } from './use-refused.ts'
export { useSyncStatus } from './use-sync-status.ts'
export { useSyncStore } from './use-sync-store.ts'
export type {
  Candidate,
  Conflict,
  Entity,
  Include,
  IncludedPages,
  IncludedResult,
  IncludedRow,
  Input,
  Me,
  PagedQuery,
  PagesResult,
  Patch,
  Query,
  QueryResult,
  Receipt,
  RefusedMessage,
  Row,
  StoreOptions,
  SyncStatus,
  SyncStore,
  Uuid,
  Verdict,
} from '@countersign/core'
