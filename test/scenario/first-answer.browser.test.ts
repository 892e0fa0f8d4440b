/** The first answer of a store on IndexedDB, in a real browser. */
import { entity } from '@countersign/core'
import { type Storage, allPages } from '@countersign/core/ports'
import { createLimitedStore } from '@countersign/core/testing'
import { dexieStorage } from '@countersign/storage-dexie'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { withPages } from './slow-pages.ts'
import { SPACE, scene } from './wire.ts'

const Issue = entity(
  'issue',
  z.object({ title: z.string(), status: z.enum(['open', 'done']), rank: z.number() }),
).index('open', ['status', 'rank'])
const LIMITS = { storedPageEntitiesMax: 8, checkpointStepsMax: 1 }
const ROWS = 2_048
const PAGES = ROWS / LIMITS.storedPageEntitiesMax

/** Counts the pages that are read. */
function counting(inner: Storage): { pages: number; readonly storage: Storage } {
  const storage = withPages(
    inner,
    (handle) => (name, reading) =>
      handle.pages(name, {
        begin: (stored) => reading.begin(stored),
        next: () => reading.next(),
        take(read) {
          counted.pages += read.length
          reading.take(read)
        },
      }),
  )
  const counted = { pages: 0, storage }
  return counted
}

test('DSK1: a query on an index answers after few of many pages, and keeps its rows', async () => {
  const on = await scene()
  const name = crypto.randomUUID()
  const writer = await on.open({ entities: [Issue], limits: LIMITS })
  const reader = await on.open({
    entities: [Issue],
    storage: dexieStorage(name),
    limits: LIMITS,
  })
  for (let from = 0; from < ROWS; from += 256) {
    writer.transact(() => {
      for (let rank = from; rank < from + 256; rank++)
        writer.create(Issue, { title: `t${rank}`, status: rank % 2 ? 'done' : 'open', rank })
    })
    await on.settle()
  }
  const handle = await dexieStorage(name).open(() => {}, SPACE)
  const storedPages = async (): Promise<number> => {
    const { checkpoint } = await handle.read()
    return (checkpoint && (await allPages(handle, checkpoint.name)))?.length ?? 0
  }
  // Each step starts a checkpoint, until one has the rows.
  const [row] = writer.query(Issue, { where: { status: 'done' }, limit: 1 }).rows
  let pages = await storedPages()
  for (let edits = 0; edits < 100 && pages < PAGES; edits++) {
    writer.update(Issue, row!.id, { title: `edit ${edits}` }) // created above
    await on.settle()
    pages = await storedPages()
  }
  expect(pages).toBeGreaterThanOrEqual(PAGES)
  await handle.close()
  expect(reader.query(Issue).rows).toHaveLength(ROWS)
  await on.close()

  const count = counting(dexieStorage(name))
  const options = { server: true, space: SPACE, entities: [Issue], storage: count.storage }
  const store = createLimitedStore(options, LIMITS)
  const live = store.live(Issue, { where: { status: 'open' }, orderBy: ['-rank'], limit: 50 })
  let first:
    | { readonly rows: readonly { readonly rank: number }[]; readonly pages: number }
    | undefined
  const end = live.subscribe(() => {
    const { rows, complete } = live.snapshot()
    if (complete) first ??= { rows, pages: count.pages }
  })
  await store.ready
  expect(first!.rows.map(({ rank }) => rank)).toEqual(
    Array.from({ length: 50 }, (_, i) => ROWS - 2 - 2 * i),
  )
  expect(first!.pages).toBeLessThan(PAGES / 2)
  expect(count.pages).toBeGreaterThanOrEqual(PAGES)
  expect(live.snapshot().rows).toBe(first!.rows)
  end()
  await store.close()
})
