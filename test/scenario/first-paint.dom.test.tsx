/** React paints the first rows of a list while the store reads the others. */
import { type SyncStore, entity, memoryStorage } from '@countersign/core'
import { createLimitedStore } from '@countersign/core/testing'
import { SyncProvider, useQuery } from '@countersign/react'
import { act, cleanup, render } from '@testing-library/react'
import type { ReactNode } from 'react'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { slow } from './slow-pages.ts'
import { SPACE, scene } from './wire.ts'

const Issue = entity(
  'issue',
  z.object({ title: z.string(), status: z.enum(['open', 'done']), rank: z.number() }),
).index('open', ['status', 'rank'])
const LIMITS = { storedPageEntitiesMax: 4, checkpointStepsMax: 2, sliceMs: 0 }
const ROWS = 40

afterEach(cleanup)

/** A storage with ordered rows, and two own writes that wait: one moves a row to the front, one moves a row out. */
async function filled() {
  const on = await scene()
  const storage = memoryStorage()
  const store = await on.open({ entities: [Issue], storage, limits: LIMITS })
  const ids: string[] = []
  for (let rank = 0; rank < ROWS; rank++) {
    ids.push(store.create(Issue, { title: `t${rank}`, status: 'open', rank }).id)
    await on.settle()
  }
  store.setOnline(false)
  store.update(Issue, ids[30]!, { rank: -1 })
  store.update(Issue, ids[1]!, { status: 'done' })
  await store.flushed()
  await on.close()
  return storage
}

test('DSK1 useQuery: the first rows are painted once, with own writes on top, before all is read', async () => {
  const inner = await filled()
  let go: () => void = () => {}
  let count = 0
  // Pages with the first rows are read at once; the others wait.
  const gate = new Promise<void>((resolve) => (go = resolve))
  const storage = slow(inner, { pause: async () => void (++count > 4 && (await gate)) })
  const options = { server: true, space: SPACE, entities: [Issue], storage }
  const store: SyncStore = createLimitedStore(options, LIMITS)
  const painted: string[] = []
  function List(): ReactNode {
    const query = { where: { status: 'open' }, orderBy: ['rank'], limit: 3 } as const
    const { rows, complete } = useQuery(Issue, query)
    const text = complete ? rows.map(({ title }) => title).join(' ') : 'loading'
    painted.push(text)
    return text
  }
  const { container } = render(
    <SyncProvider store={store}>
      <List />
    </SyncProvider>,
  )
  expect(container.textContent).toBe('loading')
  await act(() => expect.poll(() => container.textContent).toBe('t30 t0 t2'))
  expect(store.peek(Issue, crypto.randomUUID()).status).toBe('loading')
  await act(async () => {
    go()
    await store.ready
  })
  expect(store.query(Issue).rows).toHaveLength(ROWS)
  expect(painted).toEqual(['loading', 't30 t0 t2'])
  await store.close()
})
