// Owns: hydration: the browser's first render equals the server's markup, then the rows appear.

import { act } from '@testing-library/react'
import { useEffect, type ReactNode } from 'react'
import { hydrateRoot } from 'react-dom/client'
import { renderToString } from 'react-dom/server'
import { expect, test, vi } from 'vitest'
import {
  SyncProvider,
  useConflicts,
  useEntity,
  useQuery,
  useRefused,
  useSyncStatus,
  type SyncStore,
} from '../src/index.ts'
import { addIssue, counted, Issue, openStore, tally } from './kit.ts'

test('hydration: no warning, the markup is kept, and what this device holds shows at once', async () => {
  const renders = tally()
  function Page({ id }: { readonly id: string }): ReactNode {
    const title = useEntity(Issue, id, (row) => row.title)
    const result = useQuery(Issue, { orderBy: ['title'] })
    const storage = useSyncStatus((status) => status.storage)
    const text = `${title ?? 'no row'}, ${result.rows.length} rows, ${storage}`
    useEffect(() => renders.hit('committed', text))
    return <p>{text}</p>
  }
  const page = (store: SyncStore, id: string): ReactNode => (
    <SyncProvider store={store}>
      <Page id={id} />
    </SyncProvider>
  )
  const { store, open } = counted(await openStore())
  const id = addIssue(store, 'kept here')
  const container = document.createElement('div')
  container.innerHTML = renderToString(page(await openStore(), id))
  const paragraph = container.firstChild
  expect(container.textContent).toBe('no row, 0 rows, opening')

  const errors = vi.spyOn(console, 'error')
  const onRecoverableError = vi.fn()
  const root = await act(() => hydrateRoot(container, page(store, id), { onRecoverableError }))
  expect(container.firstChild).toBe(paragraph)
  expect(container.textContent).toBe('kept here, 1 rows, ok')
  expect(renders.values('committed')[0]).toBe('no row, 0 rows, opening')
  act(() => void store.update(Issue, id, { title: 'alive' }))
  expect(container.textContent).toBe('alive, 1 rows, ok')
  expect(errors).not.toHaveBeenCalled()
  expect(onRecoverableError).not.toHaveBeenCalled()
  act(() => root.unmount())
  expect(open()).toBe(0)
  errors.mockRestore()
})

test('stable identity: the empty result is one object, so that hydration cannot loop', async () => {
  const renders = tally()
  function Page(): ReactNode {
    renders.hit('lists', useConflicts(Issue))
    renders.hit('lists', useConflicts())
    renders.hit('lists', useRefused())
    renders.hit('open', useQuery(Issue, { where: { status: 'open' } }))
    renders.hit('done', useQuery(Issue, { where: { status: 'done' } }))
    return null
  }
  const store = await openStore()
  const page = (): ReactNode => (
    <SyncProvider store={store}>
      <Page />
    </SyncProvider>
  )
  renderToString(page())
  renderToString(page())
  const empty = renders.values('open')[0]
  expect(Object.isFrozen(empty)).toBe(true)
  expect([...renders.values('open'), ...renders.values('done')]).toEqual([
    empty,
    empty,
    empty,
    empty,
  ])
  for (const result of renders.values('done')) expect(result).toBe(empty)
  expect(renders.count('lists')).toBe(6)
  for (const list of renders.values('lists')) expect(list).toBe(renders.values('lists')[0])
})
