/** A folder with a space that has every kind of record, written by stores through a reviewer. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { counter, createSyncStore, entity, memoryStorage, ops, set } from '@countersign/core'
import type { SyncStore } from '@countersign/core'
import type { LinkEvents, Transport } from '@countersign/core/ports'
import { sequence } from '@countersign/core/reviewer'
import type { Reviewer } from '@countersign/core/reviewer'
import { z } from 'zod'
import { SILENT } from '../gateway/types.ts'
import { type RunningReviewer, startReviewer } from '../start.ts'
import { sqliteSpaces } from '../store/sqlite-spaces.ts'

export const SPACE: string = 'ab000000-0000-4000-8000-000000000001'

export const Issue = entity(
  'issue',
  z.object({ title: z.string(), points: z.number(), number: z.number().optional() }),
).assigned('number')
export const Post = entity('post', {
  likes: counter(),
  tags: set(z.string()),
  notes: ops((all: readonly string[], one: string) => [...all, one], { initial: [] }),
})

export interface Folder {
  readonly folder: string
  readonly data: string
  readonly keyFile: string
}

export function freshFolder(): Folder {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-upkeep-'))
  return { folder, data: join(folder, 'data'), keyFile: join(folder, 'key.json') }
}

/** A reviewer in this process on the data of a folder. */
export async function reviewerOf(
  { data, keyFile }: Folder,
  restored = false,
): Promise<RunningReviewer> {
  return startReviewer({
    restored,
    ...{ spaces: sqliteSpaces(data), keyFile, space: SPACE, port: 0, log: SILENT, metrics: false },
    entities: [Issue, Post],
    assign: { issue: { number: sequence() } },
    authenticate: async (token) => (token ? { personalId: String(token) } : 'no token'),
    rules: { issue: { create: (_, change) => change.values.title !== 'no' || 'not this one' } },
  })
}

/** A transport that passes frames to a reviewer that `of` names for each link, one turn later. */
export function wireTo(of: () => Pick<Reviewer, 'connect'>): Transport {
  return {
    connect(events: LinkEvents) {
      const attached = of().connect(
        {
          send: (text) => void setTimeout(() => events.frame(text)),
          close: (reason) => void setTimeout(() => events.closed(reason)),
        },
        { address: 'here' },
      )
      setTimeout(() => events.open())
      return {
        send: (text) => void setTimeout(() => attached.frame(text)),
        close: () => attached.closed(),
      }
    },
  }
}

export async function personOf(
  personalId: string,
  of: () => Pick<Reviewer, 'connect'>,
): Promise<SyncStore> {
  const store = createSyncStore({
    ...{ server: true, space: SPACE, entities: [Issue, Post], storage: memoryStorage() },
    transports: [wireTo(of)],
    identity: { personalId },
    auth: personalId,
  })
  await store.ready
  return store
}

export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}

export async function settled(...stores: readonly SyncStore[]): Promise<void> {
  await until(() =>
    stores.every((store) => {
      const { connection, outboxMessages, position } = store.status.getState()
      const [first] = stores
      const at = first?.status.getState().position
      return connection === 'online' && outboxMessages === 0 && position?.chain === at?.chain
    }),
  )
}

/** Fills the space: two persons, conflicts, values that merge, refusals, an epoch after a restart. */
export async function fill(folder: Folder): Promise<void> {
  let running = await reviewerOf(folder)
  const of = (): Pick<Reviewer, 'connect'> => running.reviewer
  const [ann, bob] = [await personOf('ann', of), await personOf('bob', of)]
  const { id } = ann.create(Issue, { title: 'one', points: 1 })
  const post = ann.create(Post, {
    likes: counter.increment(1),
    tags: set.add('a'),
    notes: ops.apply('a note'),
  })
  ann.transact(() => {
    ann.create(Issue, { title: 'two', points: 2 })
    ann.create(Issue, { title: 'three', points: 3 })
  })
  await settled(ann, bob)
  bob.setOnline(false)
  bob.update(Issue, id, { title: 'eins' })
  bob.update(Post, post.id, { likes: counter.increment(2), notes: ops.apply('another') })
  ann.update(Issue, id, { title: 'uno' })
  await until(() => ann.status.getState().outboxMessages === 0)
  bob.setOnline(true)
  await settled(ann, bob)
  const refused = ann.create(Issue, { title: 'no', points: 0 })
  await refused.settled()
  await running.close()
  running = await reviewerOf(folder, true)
  ann.create(Issue, { title: 'after', points: 4 })
  await settled(ann, bob)
  await ann.close()
  await bob.close()
  await running.close()
}
