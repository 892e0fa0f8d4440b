// Owns: what `pnpm size` counts as "a store and its hooks": what nearly every app imports.
export { createSyncStore, entity } from '@countersign/core'
export { SyncProvider, useConflicts, useEntity, useQuery } from '@countersign/react'
