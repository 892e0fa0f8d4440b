// Owns: the contract of SyncProvider: the nearest store is used, there may be several stores, they
// may be replaced, and are never closed; StrictMode leaves one subscription; a hook outside throws.

import { act, cleanup, render } from '@testing-library/react'
import { StrictMode, type ReactNode } from 'react'
import { afterEach, expect, test } from 'vitest'
import { addIssue, counted, hushErrors, Issue, openStore, tally } from '../test/kit.ts'
import {
  SyncProvider,
  useConflicts,
  useEntity,
  useQuery,
  useRefused,
  useSyncStatus,
  useSyncStore,
} from './index.ts'

afterEach(cleanup)

function Titles({ name = '' }: { readonly name?: string }): ReactNode {
  const titles = useQuery(Issue, undefined, ({ rows }) => rows.map((row) => row.title).join())
  return <p>{name + titles}</p>
}

function Everything({ id }: { readonly id: string }): ReactNode {
  const row = useEntity(Issue, id)
  const { rows } = useQuery(Issue, { where: { status: 'open' } })
  const connection = useSyncStatus((status) => status.connection)
  const asked = useConflicts().length + useRefused().length
  return `${row?.title} ${rows.length} ${connection} ${asked}`
}

test('useSyncStore: the store of the provider, the same object, without a subscription', async () => {
  const { store, opened } = counted(await openStore())
  const renders = tally()
  function Writer(): ReactNode {
    renders.hit('store', useSyncStore())
    return null
  }
  render(
    <SyncProvider store={store}>
      <Writer />
    </SyncProvider>,
  )
  act(() => void addIssue(store, 'new'))
  expect(renders.values('store')).toEqual([store])
  expect(opened()).toBe(0)
})

test('nested providers: the nearest one counts, and the outer one is untouched', async () => {
  const outer = await openStore()
  const inner = await openStore()
  addIssue(outer, 'outer')
  addIssue(inner, 'inner')
  const { container } = render(
    <SyncProvider store={outer}>
      <Titles />
      <SyncProvider store={inner}>
        <Titles />
      </SyncProvider>
      <Titles />
    </SyncProvider>,
  )
  expect(container.textContent).toBe('outerinnerouter')
  act(() => void addIssue(inner, 'more'))
  expect(container.textContent).toBe('outerinner,moreouter')
})

test('two stores on a page: a write to one renders nothing of the other', async () => {
  const left = await openStore()
  const right = await openStore()
  const renders = tally()
  function Counted({ name }: { readonly name: string }): ReactNode {
    renders.hit(name)
    return <Titles name={name} />
  }
  const { container } = render(
    <>
      <SyncProvider store={left}>
        <Counted name="left " />
      </SyncProvider>
      <SyncProvider store={right}>
        <Counted name="right " />
      </SyncProvider>
    </>,
  )
  act(() => void addIssue(left, 'x'))
  expect(container.textContent).toBe('left xright ')
  expect([renders.count('left '), renders.count('right ')]).toEqual([1, 1])
})

test('hot reload: a new store at the same provider moves every subscription, and closes nothing', async () => {
  const before = counted(await openStore())
  const after = counted(await openStore())
  const id = addIssue(before.store, 'before')
  const { container, rerender, unmount } = render(
    <SyncProvider store={before.store}>
      <Everything id={id} />
    </SyncProvider>,
  )
  expect([before.open(), after.open()]).toEqual([5, 0])
  rerender(
    <SyncProvider store={after.store}>
      <Everything id={id} />
    </SyncProvider>,
  )
  expect(container.textContent).toBe('undefined 0 none 0')
  expect([before.open(), after.open()]).toEqual([0, 5])
  act(() => void before.store.update(Issue, id, { title: 'unseen' }))
  expect(container.textContent).toBe('undefined 0 none 0')
  unmount()
  expect([before.open(), after.open()]).toEqual([0, 0])
  for (const { store } of [before, after]) expect(() => addIssue(store, 'open')).not.toThrow()
})

test('hot reload: a component replaced by its new version leaves one subscription', async () => {
  const { store, open } = counted(await openStore())
  const id = addIssue(store, 'kept')
  const Old = (): ReactNode => useEntity(Issue, id)?.title
  const New = (): ReactNode => useEntity(Issue, id, (row) => row.title.toUpperCase())
  const { container, rerender } = render(
    <SyncProvider store={store}>
      <Old />
    </SyncProvider>,
  )
  rerender(
    <SyncProvider store={store}>
      <New />
    </SyncProvider>,
  )
  expect(container.textContent).toBe('KEPT')
  expect(open()).toBe(1)
})

test('StrictMode: the double mount leaves one subscription a hook, and none after unmount', async () => {
  const { store, open } = counted(await openStore())
  const id = addIssue(store, 'strict')
  const { container, unmount } = render(
    <StrictMode>
      <SyncProvider store={store}>
        <Everything id={id} />
      </SyncProvider>
    </StrictMode>,
  )
  expect(open()).toBe(5)
  act(() => void store.update(Issue, id, { title: 'changed' }))
  expect(container.textContent).toBe('changed 1 none 0')
  expect(open()).toBe(5)
  unmount()
  expect(open()).toBe(0)
})

test.each([
  ['useEntity', () => useEntity(Issue, 'id')],
  ['useQuery', () => useQuery(Issue)],
  ['useConflicts', () => useConflicts(Issue)],
  ['useRefused', () => useRefused()],
  ['useSyncStatus', () => useSyncStatus()],
  ['useSyncStore', () => useSyncStore()],
])('outside a provider: %s throws one sentence with its own name', (name, useHook) => {
  const unhush = hushErrors()
  function Alone(): ReactNode {
    useHook()
    return null
  }
  expect(() => render(<Alone />)).toThrow(
    `${name} was called outside a provider: wrap the app in <SyncProvider store>.`,
  )
  unhush()
})
