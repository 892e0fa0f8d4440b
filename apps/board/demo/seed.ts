/**
 * Fills a new space through the public API: three people with stores of their own write, and each
 * issue is reviewed before the next, so that the numbers follow the list.
 */
import { type SyncStore, createSyncStore, memoryStorage } from '@countersign/core'
import { socketIo } from '@countersign/transport-socketio'
import { Issue, statuses } from '../src/model/issue.ts'
import { ranksBelow } from '../src/model/rank.ts'
import { seedIssues } from './issues.ts'
import type { ReviewerAddress } from './reviewer.ts'

const people = 3
const waitMs = 20_000

/** Returns how many issues it wrote: none where the space has issues already. */
export async function seed(reviewer: ReviewerAddress): Promise<number> {
  const stores = Array.from({ length: people }, () => openStore(reviewer))
  try {
    await Promise.all(stores.map(caughtUp))
    const [first] = stores
    const found = first?.query(Issue, { limit: 1, archived: 'include' }).rows.length
    if (found !== 0) return 0
    const ranks = new Map(
      statuses.map((status) => [status, [...ranksBelow([], seedIssues.length)]]),
    )
    for (const [at, issue] of seedIssues.entries()) {
      const rank = ranks.get(issue.status)?.shift() ?? ''
      const verdict = await stores[at % people]!.create(Issue, { ...issue, rank }).settled()
      if (verdict.verdict === 'rejected')
        throw new Error(`an initial issue was rejected: ${verdict.reason}`)
    }
    return seedIssues.length
  } finally {
    await Promise.all(stores.map((store) => store.close()))
  }
}

function openStore({ url, space, key }: ReviewerAddress): SyncStore {
  return createSyncStore({
    server: true,
    space,
    entities: [Issue],
    storage: memoryStorage(),
    transports: [socketIo(url)],
    reviewerKey: key,
  })
}

async function caughtUp(store: SyncStore): Promise<void> {
  await store.ready
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the reviewer does not answer')), waitMs)
    const look = (): void => {
      if (!store.status.getState().caughtUp) return
      clearTimeout(timer)
      end()
      resolve()
    }
    const end = store.status.subscribe(look)
    look()
  })
}
