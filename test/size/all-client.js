// Owns: what `pnpm size` counts as the whole client: core, hooks, IndexedDB and the wire.
export * from '@countersign/core'
export * from '@countersign/react'
export * from '@countersign/storage-dexie'
export * from '@countersign/transport-socketio'
