// Owns: what `pnpm size` counts as "core". Built files, as an app would bundle them.
export * from '@countersign/core'
