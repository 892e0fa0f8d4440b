/**
 * first: a store with many rows of a reviewer in its storage is opened, and shows a query on a
 * declared index: the time until its 50 rows are there and exact, beside the time until all rows are.
 */
import { type SyncStore, createSyncStore, defaultPlatform, memoryStorage } from '@countersign/core'
import { type Storage, memorySpaces } from '@countersign/core/ports'
import { createReviewer } from '@countersign/core/reviewer'
import { wireTo } from '../../scenario/wire.ts'
import { Task, taskRows } from '../data.ts'
import { type Figure, type Stretch, must, timeFigure } from '../figure.ts'
import { type Size, interleaved, stretches, until } from './rounds.ts'
import { SPACE, createInBulk } from './stores.ts'

const SHOWN_ROWS = 50
/** Rows that changed after the first fetch, each in a message of its own. */
const EDITED_ROWS = 200
/** So a checkpoint is stored after the first fetch, and some of the edits are steps after it. */
const CHECKPOINT_STEPS = 64
const QUERY = {
  where: { done: false },
  orderBy: ['-priority', 'createdAt'],
  limit: SHOWN_ROWS,
} as const

export async function first({ rounds, rows }: Size): Promise<Figure[]> {
  const storage = await filled(rows)
  const measured = await interleaved(
    rounds,
    async () => (await opened(storage, rows)).whole,
    async () => (await opened(storage, rows)).first,
  )
  const what = `first ${SHOWN_ROWS} rows of a declared index, exact, beside all rows (${rows.toLocaleString('en')})`
  return [
    timeFigure(
      { name: 'first', what, unit: 'ms' },
      stretches(measured, (told) => told),
    ),
  ]
}

/** The storage of a store that has fetched all rows from a reviewer, and then some changes. */
async function filled(rows: number): Promise<Storage> {
  const { signer, clock, random } = defaultPlatform()
  const keys = await signer.generate()
  const spaces = memorySpaces()
  const reviewer = await createReviewer({ space: SPACE, spaces, keys, signer, clock, random })
  const open = (storage?: Storage): SyncStore =>
    createSyncStore({
      server: true,
      space: SPACE,
      entities: [Task],
      transports: [wireTo(reviewer)],
      ...(storage && { storage, checkpointSteps: CHECKPOINT_STEPS }),
    })
  const settled = (store: SyncStore): Promise<void> =>
    until('in step with the reviewer', () => {
      const { connection, outboxMessages, position } = store.status.getState()
      return connection === 'online' && outboxMessages === 0 && position?.seq === reviewer.state.seq
    })
  const writer = open()
  await writer.ready
  createInBulk(writer, Task, taskRows(rows), true)
  await settled(writer)
  const storage = memoryStorage()
  const reader = open(storage)
  await reader.ready
  await settled(reader)
  for (const { id } of writer.query(Task, { limit: EDITED_ROWS }).rows) {
    writer.update(Task, id, { title: 'edited' })
    await settled(writer)
  }
  await settled(reader)
  await reader.close()
  await writer.close()
  await reviewer.close()
  return storage
}

async function opened(
  storage: Storage,
  rows: number,
): Promise<{ readonly first: Stretch; readonly whole: Stretch }> {
  const start = performance.now()
  const store = createSyncStore({ server: true, space: SPACE, entities: [Task], storage })
  const live = store.live(Task, QUERY)
  let shown = live.snapshot().rows
  let ms = 0
  const end = live.subscribe(() => {
    if (ms > 0 || live.snapshot().rows.length < SHOWN_ROWS) return
    ms = performance.now() - start
    shown = live.snapshot().rows
  })
  await store.ready
  const whole = { ms: performance.now() - start }
  must(ms > 0 && live.snapshot().rows === shown, 'the first rows are the last')
  must(store.query(Task).rows.length === rows, 'rows are missing')
  end()
  await store.close()
  return { first: { ms }, whole }
}
