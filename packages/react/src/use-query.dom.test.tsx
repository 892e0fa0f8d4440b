// Owns: the contract of useQuery: one subscription a meaning, one render a change, stable results.

import { act, cleanup, render } from '@testing-library/react'
import type { ReactNode } from 'react'
import { afterEach, expect, test } from 'vitest'
import { addIssue, counted, Issue, openStore, tally } from '../test/kit.ts'
import { SyncProvider, useEntity, useQuery, type SyncStore } from './index.ts'

afterEach(cleanup)

function show(store: SyncStore, node: ReactNode): ReactNode {
  return <SyncProvider store={store}>{node}</SyncProvider>
}

test('R3 one render a change: a write that moves a row renders the list once, in its new order', async () => {
  const store = await openStore()
  const first = addIssue(store, 'a', 1)
  addIssue(store, 'b', 2)
  const renders = tally()
  function List(): ReactNode {
    const { rows } = useQuery(Issue, { orderBy: ['points'] })
    renders.hit('list')
    return rows.map((row) => row.title).join(' ')
  }
  const { container } = render(show(store, <List />))
  expect(container.textContent).toBe('a b')
  act(() => void store.update(Issue, first, { points: 3 }))
  expect(container.textContent).toBe('b a')
  expect(renders.count('list')).toBe(2)
  act(
    () =>
      void store.transact(() => {
        addIssue(store, 'c', 0)
        addIssue(store, 'd', 9)
      }),
  )
  expect(container.textContent).toBe('c b a d')
  expect(renders.count('list')).toBe(3)
})

test('equal meaning: a new literal each render keeps the subscription and the result', async () => {
  const { store, open, opened } = counted(await openStore())
  addIssue(store, 'a', 3)
  const renders = tally()
  function List({ turn }: { readonly turn: number }): ReactNode {
    const where =
      turn % 2 === 0
        ? { status: 'open' as const, points: { gte: 2 } }
        : { points: { gte: 2 }, status: 'open' as const }
    renders.hit('result', useQuery(Issue, { where, limit: 10 }))
    return null
  }
  const { rerender } = render(show(store, <List turn={0} />))
  for (let turn = 1; turn < 5; turn++) rerender(show(store, <List turn={turn} />))
  expect([open(), opened()]).toEqual([1, 1])
  expect(new Set(renders.values('result')).size).toBe(1)
})

test('equal meaning: another query moves the subscription', async () => {
  const { store, open, opened } = counted(await openStore())
  addIssue(store, 'low', 1)
  addIssue(store, 'high', 5)
  function List({ gte }: { readonly gte: number }): ReactNode {
    return useQuery(Issue, { where: { points: { gte } } }).rows.map((row) => row.title)
  }
  const { container, rerender, unmount } = render(show(store, <List gte={0} />))
  expect(container.textContent).toBe('lowhigh')
  rerender(show(store, <List gte={4} />))
  expect(container.textContent).toBe('high')
  expect([open(), opened()]).toEqual([1, 2])
  unmount()
  expect(open()).toBe(0)
})

test('isolation: a row outside the result does not render the list', async () => {
  const store = await openStore()
  addIssue(store, 'in', 5)
  const outside = addIssue(store, 'out', 1)
  const renders = tally()
  function List(): ReactNode {
    renders.hit('list', useQuery(Issue, { where: { points: { gte: 4 } } }).rows)
    return null
  }
  render(show(store, <List />))
  act(() => void store.update(Issue, outside, { title: 'still out' }))
  expect(renders.count('list')).toBe(1)
})

test('selector: renders only when the selected part differs', async () => {
  const store = await openStore()
  const id = addIssue(store, 'a')
  const renders = tally()
  function Count(): ReactNode {
    const count = useQuery(Issue, { where: { status: 'open' } }, ({ rows }) => rows.length)
    renders.hit('count', count)
    return count
  }
  function Titles(): ReactNode {
    const titles = useQuery(
      Issue,
      undefined,
      ({ rows }) => rows.map((row) => row.title),
      (before, after) => before.join() === after.join(),
    )
    renders.hit('titles', titles)
    return null
  }
  render(
    show(
      store,
      <>
        <Count />
        <Titles />
      </>,
    ),
  )
  act(() => void store.update(Issue, id, { points: 9 }))
  expect([renders.count('count'), renders.count('titles')]).toEqual([1, 1])
  act(() => void store.update(Issue, id, { title: 'b' }))
  expect([renders.count('count'), renders.count('titles')]).toEqual([1, 2])
  act(() => void store.update(Issue, id, { status: 'done' }))
  expect(renders.values('count')).toEqual([1, 0])
})

test('one render a change: a list and the rows inside it render once in the same commit', async () => {
  const store = await openStore()
  const ids = [addIssue(store, 'a', 1), addIssue(store, 'b', 2)]
  const renders = tally()
  function Item({ id }: { readonly id: string }): ReactNode {
    renders.hit(id)
    return useEntity(Issue, id)?.title
  }
  function List(): ReactNode {
    renders.hit('list')
    const { rows } = useQuery(Issue, { orderBy: ['points'] })
    return rows.map((row) => <Item key={row.id} id={row.id} />)
  }
  const { container } = render(show(store, <List />))
  renders.clear()
  act(() => void store.update(Issue, ids[0]!, { title: 'A', points: 3 }))
  expect(container.textContent).toBe('bA')
  expect([renders.count('list'), renders.count(ids[0]!)]).toEqual([1, 1])
})

test('archived rows leave the list, and a row archived under it never renders without its row', async () => {
  const store = await openStore()
  const ids = [addIssue(store, 'a'), addIssue(store, 'b')]
  const renders = tally()
  function Item({ id }: { readonly id: string }): ReactNode {
    const title = useEntity(Issue, id, (row) => row.title)
    renders.hit('title', title)
    return title
  }
  function List(): ReactNode {
    return useQuery(Issue).rows.map((row) => <Item key={row.id} id={row.id} />)
  }
  const { container } = render(show(store, <List />))
  act(() => void store.archive(Issue, ids[0]!))
  expect(container.textContent).toBe('b')
  expect(renders.values('title')).not.toContain(undefined)
})
