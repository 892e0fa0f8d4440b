/** The cache budgets of a process, by kind of item: all of its spaces share them. */
import type { Limits } from '../facts/limits.ts'
import { CacheBudget } from './cache-budget.ts'
import { HeldPages } from './held-pages.ts'

export interface Caches {
  /** In bytes. */
  readonly states: CacheBudget
  /** In items, as the next two. */
  readonly numbers: CacheBudget
  readonly messages: CacheBudget
  readonly rejections: CacheBudget
  /** Author ids with their persons, in items. */
  readonly authors: CacheBudget
  readonly pages: HeldPages
}

export type CacheLimits = Pick<Limits, 'cacheBytesMax' | 'ledgerCacheMax' | 'snapshotBytesMax'>

/** The budgets that the spaces of one process share. */
export function cachesOf({ cacheBytesMax, ledgerCacheMax, snapshotBytesMax }: CacheLimits): Caches {
  return {
    states: new CacheBudget(cacheBytesMax),
    numbers: new CacheBudget(ledgerCacheMax),
    messages: new CacheBudget(ledgerCacheMax),
    rejections: new CacheBudget(ledgerCacheMax / 8),
    authors: new CacheBudget(ledgerCacheMax),
    pages: new HeldPages(snapshotBytesMax),
  }
}

/** Whether a decision is using the cached items of a space. */
export interface SpaceUse {
  isHeld: boolean
}
