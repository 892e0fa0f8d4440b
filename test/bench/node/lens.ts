/**
 * lens: rows that were written two versions ago, read by a build of today: opening the store from
 * its storage and asking the first query, beside the same rows written by that build itself.
 */
import {
  type SyncStore,
  add,
  createSyncStore,
  entity,
  map,
  memoryStorage,
  rename,
  scale,
} from '@countersign/core'
import type { Storage } from '@countersign/core/ports'
import { z } from 'zod'
import { taskRows } from '../data.ts'
import { type Figure, must, timeFigure } from '../figure.ts'
import { type Size, clocked, interleaved, stretches } from './rounds.ts'
import { SPACE } from './stores.ts'

const First = entity(
  'task',
  z.object({ title: z.string(), done: z.boolean(), priority: z.number() }),
)
const Third = First.version(
  2,
  z.object({ title: z.string(), status: z.enum(['open', 'done']), priority: z.number() }),
  [
    map('done', 'status', [
      [false, 'open'],
      [true, 'done'],
    ]),
  ],
)
  .version(
    3,
    z.object({
      name: z.string(),
      status: z.enum(['open', 'done']),
      priority: z.number(),
      points: z.number(),
    }),
    [rename('title', 'name'), scale('priority', 10), add('points', 0)],
  )
  .index('open', ['status', '-priority'])

const TRANSACTION_ROWS = 256

export async function lens({ rounds, rows: count }: Size): Promise<Figure[]> {
  const rows = taskRows(count)
  const old = memoryStorage()
  const now = memoryStorage()
  await fill(old, [First], (store) => {
    for (const { title, done, priority } of rows.splice(0, TRANSACTION_ROWS))
      store.create(First, { title, done, priority })
    return rows.length > 0
  })
  const again = taskRows(count)
  await fill(now, [Third], (store) => {
    for (const { title, done, priority } of again.splice(0, TRANSACTION_ROWS))
      store.create(Third, {
        name: title,
        status: done ? 'done' : 'open',
        priority: priority * 10,
        points: 0,
      })
    return again.length > 0
  })
  const measured = await interleaved(
    rounds,
    () => opened(now, count),
    () => opened(old, count),
  )
  const figure = (name: string, what: string, of: 'open' | 'query'): Figure =>
    timeFigure(
      { name, what, unit: 'ms' },
      stretches(measured, (told) => told[of]),
    )
  return [
    figure('lens', 'open from storage and ask the first query, rows two versions old', 'open'),
    figure('lens query', 'that first query alone', 'query'),
  ]
}

async function fill(
  storage: Storage,
  entities: Parameters<typeof createSyncStore>[0]['entities'],
  next: (store: SyncStore) => boolean,
): Promise<void> {
  const store = createSyncStore({ server: true, space: SPACE, entities, storage })
  await store.ready
  let more = true
  while (more) store.transact(() => (more = next(store)))
  await store.close()
}

async function opened(storage: Storage, count: number) {
  const start = performance.now()
  const store = createSyncStore({ server: true, space: SPACE, entities: [Third], storage })
  await store.ready
  let found = 0
  const query = clocked(() => {
    found = store.query(Third, { where: { status: 'open' }, orderBy: ['-priority'] }).rows.length
  })
  const open = { ms: performance.now() - start }
  must(found > count / 10 && found < count, 'the query finds too few rows, or all')
  must(store.query(Third).rows.length === count, 'rows are missing')
  await store.close()
  return { open, query }
}
