/**
 * The contract of the storage port as tests: each sentence of `core/ports/storage.ts`, for any
 * adapter. Titles begin with the rule they hold.
 *
 * Knows only the port. What one adapter alone can show (forced closing, upgrades, quota of a
 * real disk) stands in that adapter's own tests.
 */
import { describe } from 'vitest'
import { advancing, caches } from './storage-canonical.ts'
import { contents, drafts, ordering } from './storage-facts.ts'
import type { StorageFaults, StorageFixture } from './storage-kit.ts'
import { pages } from './storage-pages.ts'
import { settling } from './storage-settled.ts'
import { lifetime, sharing, tearing } from './storage-tabs.ts'

export type { StorageFaults, StorageFixture } from './storage-kit.ts'

/** Runs the contract on what `make` makes; `faults` where the adapter can be made to fail. */
export function storageContract(
  name: string,
  make: () => StorageFixture,
  faults?: StorageFaults,
): void {
  describe(`storage contract: ${name}`, () => {
    ordering(make)
    advancing(make)
    caches(make)
    pages(make)
    sharing(make)
    lifetime(make)
    contents(make)
    drafts(make)
    settling(make)
    if (faults !== undefined) tearing(make, faults)
  })
}
