// Owns: what `pnpm size` counts as "core and react": a memory-only app without adapters.
export * from '@countersign/core'
export * from '@countersign/react'
