// Owns: queries with `include` in components: live, stable, shared by meaning, in StrictMode too.

import { createSyncStore, entity, optional, reference, type SyncStore } from '@countersign/core'
import { act, cleanup, fireEvent, render } from '@testing-library/react'
import { StrictMode, type ReactNode } from 'react'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { tally } from '../test/kit.ts'
import { SyncProvider, useInfiniteQuery, useQuery } from './index.ts'

const User = entity('user', z.object({ name: z.string() }))
const Task = entity('task', { title: z.string(), assignee: optional(reference(User)) })

afterEach(cleanup)

interface Filled {
  readonly store: SyncStore
  readonly ann: string
  readonly tasks: readonly string[]
}

/** Ann has the first task of three, and nobody the last one. */
async function filled(): Promise<Filled> {
  const store = createSyncStore({
    ...{ server: true, space: crypto.randomUUID(), entities: [User, Task] },
  })
  onTestFinished(() => store.close())
  await store.ready
  const [ann, bob] = ['Ann', 'Bob'].map((name) => store.create(User, { name }).id) as [
    string,
    string,
  ]
  const tasks = [ann, bob, undefined].map(
    (assignee, n) => store.create(Task, { title: `t${n}`, assignee }).id,
  )
  return { store, ann, tasks }
}

function show(store: SyncStore, node: ReactNode): ReactNode {
  return (
    <StrictMode>
      <SyncProvider store={store}>{node}</SyncProvider>
    </StrictMode>
  )
}

function List(): ReactNode {
  const { rows, complete } = useQuery(Task, { orderBy: ['title'], include: { assignee: true } })
  return (
    <p>
      {rows.map(({ title, $included }) => `${title} ${$included.assignee?.row?.name ?? '-'}, `)}
      {String(complete)}
    </p>
  )
}

test('include: rows have what they name, and follow its changes', async () => {
  const { store, ann, tasks } = await filled()
  const { container } = render(show(store, <List />))
  expect(container.textContent).toBe('t0 Ann, t1 Bob, t2 -, true')
  act(() => void store.update(User, ann, { name: 'Anne' }))
  expect(container.textContent).toBe('t0 Anne, t1 Bob, t2 -, true')
  act(() => void store.update(Task, tasks[2]!, { assignee: ann }))
  expect(container.textContent).toBe('t0 Anne, t1 Bob, t2 Anne, true')
  act(() => void store.update(User, ann, { name: 'Ann' }))
  expect(container.textContent).toBe('t0 Ann, t1 Bob, t2 Ann, true')
})

test('include: one render a message, and none for a row that nothing names', async () => {
  const { store, ann, tasks } = await filled()
  const renders = tally()
  function Rows(): ReactNode {
    renders.hit('rows', useQuery(Task, { orderBy: ['title'], include: { assignee: true } }).rows)
    return null
  }
  render(<SyncProvider store={store}>{<Rows />}</SyncProvider>)
  act(
    () =>
      void store.transact(() => {
        store.update(User, ann, { name: 'Anne' })
        store.update(Task, tasks[0]!, { title: 't0 too' })
      }),
  )
  expect(renders.count('rows')).toBe(2)
  const [before, after] = renders.values('rows') as readonly (readonly unknown[])[]
  expect(after![1]).toBe(before![1])
  act(() => void store.create(User, { name: 'Zoe' }))
  expect(renders.count('rows')).toBe(2)
})

test('include: a new literal each render keeps the result, and a selector its part', async () => {
  const { store, ann } = await filled()
  const renders = tally()
  function Both({ turn }: { readonly turn: number }): ReactNode {
    const orderBy = ['title'] as const
    renders.hit('result', useQuery(Task, { orderBy, include: { assignee: true } }))
    const names = useQuery(Task, { orderBy, include: { assignee: true } }, ({ rows }) =>
      rows.map((row) => row.$included.assignee?.row?.name).join(),
    )
    return `${turn} ${names}`
  }
  const { container, rerender } = render(show(store, <Both turn={0} />))
  for (let turn = 1; turn < 4; turn++) rerender(show(store, <Both turn={turn} />))
  expect(new Set(renders.values('result')).size).toBe(1)
  expect(container.textContent).toBe('3 Ann,Bob,')
  act(() => void store.archive(User, ann))
  expect(container.textContent).toBe('3 Ann,Bob,')
  expect(new Set(renders.values('result')).size).toBe(2)
})

test('include: pages have it', async () => {
  const { store } = await filled()
  function Pages(): ReactNode {
    const { rows, fetchMore } = useInfiniteQuery(Task, {
      ...{ orderBy: ['title'], pageSize: 1, include: { assignee: true } },
    })
    return (
      <button onClick={fetchMore}>{rows.map((row) => row.$included.assignee?.row?.name)}</button>
    )
  }
  const { container } = render(show(store, <Pages />))
  expect(container.textContent).toBe('Ann')
  fireEvent.click(container.querySelector('button')!)
  expect(container.textContent).toBe('AnnBob')
})
