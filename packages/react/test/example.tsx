import { createSyncStore, entity, memoryStorage } from '@countersign/core'
import { SyncProvider, useEntity, useQuery, useSyncStore } from '../src/index.ts'
import { z } from 'zod'

export const Issue = entity('issue', z.object({ title: z.string(), done: z.boolean() }))
const space = '6f1d3a52-0c3e-4c58-9d0c-0a6f4a8f6d11'
export const store = createSyncStore({ space, entities: [Issue], storage: memoryStorage() })

export function Line({ id }: { id: string }) {
  const sync = useSyncStore()
  const title = useEntity(Issue, id, (issue) => issue.title) ?? ''
  return <input value={title} onChange={(e) => sync.update(Issue, id, { title: e.target.value })} />
}

function OpenIssues() {
  const { rows } = useQuery(Issue, { where: { done: false }, orderBy: ['$createdOrderKey'] })
  return rows.map((issue) => <Line key={issue.id} id={issue.id} />)
}

export const app = (
  <SyncProvider store={store}>
    <OpenIssues />
  </SyncProvider>
)
