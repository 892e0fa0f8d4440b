// Owns: the contract of useInfiniteQuery: a live list that grows, shared by meaning, in StrictMode too.

import { act, cleanup, fireEvent, render } from '@testing-library/react'
import { StrictMode, type ReactNode } from 'react'
import { renderToString } from 'react-dom/server'
import { afterEach, expect, test } from 'vitest'
import { addIssue, counted, Issue, openStore, tally } from '../test/kit.ts'
import { SyncProvider, useInfiniteQuery, type SyncStore } from './index.ts'

afterEach(cleanup)

function show(store: SyncStore, node: ReactNode): ReactNode {
  return (
    <StrictMode>
      <SyncProvider store={store}>{node}</SyncProvider>
    </StrictMode>
  )
}

/** A store with so many issues, by points. */
async function filled(count: number): Promise<SyncStore> {
  const store = await openStore()
  store.transact(() => {
    for (let n = 0; n < count; n++) addIssue(store, `t${n}`, n)
  })
  return store
}

function List(): ReactNode {
  const { rows, hasMore, fetching, fetchMore, complete } = useInfiniteQuery(Issue, {
    ...{ where: { status: 'open' }, orderBy: ['points'], pageSize: 3 },
  })
  return (
    <>
      <p>{rows.map((row) => row.title).join(' ')}</p>
      <i>{`${hasMore} ${fetching} ${complete}`}</i>
      <button onClick={fetchMore}>more</button>
    </>
  )
}

test('pages: the list grows by a page, until there are no more', async () => {
  const store = await filled(8)
  const { container } = render(show(store, <List />))
  const text = (): string => container.querySelector('p')!.textContent
  const about = (): string => container.querySelector('i')!.textContent
  const more = (): boolean => fireEvent.click(container.querySelector('button')!)
  expect([text(), about()]).toEqual(['t0 t1 t2', 'true false true'])
  more()
  expect(text()).toBe('t0 t1 t2 t3 t4 t5')
  more()
  expect([text(), about()]).toEqual(['t0 t1 t2 t3 t4 t5 t6 t7', 'false false true'])
  more()
  expect(text()).toBe('t0 t1 t2 t3 t4 t5 t6 t7')
})

test('pages: rows before the end come and go, and those after it do not render', async () => {
  const store = await filled(8)
  const renders = tally()
  function Titles(): ReactNode {
    const { rows } = useInfiniteQuery(Issue, { orderBy: ['points'], pageSize: 3 })
    renders.hit('titles', rows)
    return rows.map((row) => row.title).join(' ')
  }
  const { container } = render(<SyncProvider store={store}>{<Titles />}</SyncProvider>)
  let id = ''
  act(() => void (id = addIssue(store, 'new', 0)))
  expect(container.textContent).toMatch(/^(?:t0 new|new t0) t1$/)
  expect(renders.count('titles')).toBe(2)
  act(() => void store.archive(Issue, id))
  expect(container.textContent).toBe('t0 t1 t2')
  act(() => void addIssue(store, 'far', 100))
  expect(renders.count('titles')).toBe(3)
})

test('pages: components with an equal query share them, and one that mounts again finds them', async () => {
  const store = await filled(8)
  const both = render(
    show(
      store,
      <>
        <List />
        <List />
      </>,
    ),
  )
  fireEvent.click(both.container.querySelector('button')!)
  const texts = [...both.container.querySelectorAll('p')].map(({ textContent }) => textContent)
  expect(texts).toEqual(['t0 t1 t2 t3 t4 t5', 't0 t1 t2 t3 t4 t5'])
  both.unmount()
  const again = render(show(store, <List />))
  expect(again.container.querySelector('p')!.textContent).toBe('t0 t1 t2 t3 t4 t5')
})

test('pages: a new literal each render keeps the result and fetchMore', async () => {
  const store = await filled(8)
  const renders = tally()
  function Both({ turn }: { readonly turn: number }): ReactNode {
    const query = { orderBy: ['points'] as const, pageSize: 3 }
    const result = useInfiniteQuery(Issue, turn % 2 === 0 ? query : { ...query, where: {} })
    renders.hit('result', result)
    renders.hit('fetchMore', result.fetchMore)
    return null
  }
  const { rerender } = render(show(store, <Both turn={0} />))
  for (let turn = 1; turn < 5; turn++) rerender(show(store, <Both turn={turn} />))
  expect(new Set(renders.values('result')).size).toBe(1)
  act(() => (renders.values('fetchMore')[0] as () => void)())
  expect(new Set(renders.values('result')).size).toBe(2)
  expect(new Set(renders.values('fetchMore')).size).toBe(1)
})

test('pages: a selector renders when its part differs, and works through a wrapped store', async () => {
  const { store } = counted(await filled(8))
  const renders = tally()
  function Count(): ReactNode {
    const count = useInfiniteQuery(Issue, { pageSize: 3 }, ({ rows }) => rows.length)
    renders.hit('count', count)
    return count
  }
  render(<SyncProvider store={store}>{<Count />}</SyncProvider>)
  act(() => void store.update(Issue, store.query(Issue).rows[0]!.id, { title: 'x' }))
  expect(renders.values('count')).toEqual([3])
})

test('pages: a server has none', async () => {
  const store = await filled(3)
  const html = renderToString(show(store, <List />))
  expect(html).toContain('<p></p><i>false false false</i>')
})
