// Owns: the contract of useCreateStore: one store a component, opened after the first commit and
// closed after the last; StrictMode keeps the same one; other deps open another.

import { act, cleanup, render } from '@testing-library/react'
import { StrictMode, type ReactNode } from 'react'
import { renderToString } from 'react-dom/server'
import { memoryStorage, type StoreOptions, type SyncStore } from '@countersign/core'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Issue } from '../test/kit.ts'
import { SyncProvider, useCreateStore, useQuery } from './index.ts'

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => {
  cleanup()
  vi.advanceTimersByTime(1)
  vi.useRealTimers()
})

const SPACES = ['6f1d3a52-0c3e-4c58-9d0c-0a6f4a8f6d11', '6f1d3a52-0c3e-4c58-9d0c-0a6f4a8f6d12']

function options(space: string): StoreOptions {
  return { space, entities: [Issue], storage: memoryStorage() }
}

const seen: (SyncStore | undefined)[] = []
let made = 0

function App({ space }: { readonly space: string }): ReactNode {
  const store = useCreateStore(() => {
    made++
    return options(space)
  }, [space])
  seen.push(store)
  if (!store) return 'opening'
  return (
    <SyncProvider store={store}>
      <Count />
    </SyncProvider>
  )
}

function Count(): ReactNode {
  return `${useQuery(Issue).rows.length} issues`
}

beforeEach(() => {
  seen.length = 0
  made = 0
})

const isClosed = (store: SyncStore | undefined): boolean =>
  store?.status.getState().connection === 'closed'

test('the store is open after the first commit, and closed after the component unmounts', async () => {
  const { container, unmount } = render(<App space={SPACES[0]!} />)
  expect(container.textContent).toBe('0 issues')
  expect(seen[0]).toBeUndefined()
  const store = seen.at(-1)!
  await act(() => store.ready)
  act(() => void store.create(Issue, { title: 'one', status: 'open', points: 1 }))
  expect(container.textContent).toBe('1 issues')
  unmount()
  expect(isClosed(store)).toBe(false)
  vi.advanceTimersByTime(1)
  await store.close()
  expect(isClosed(store)).toBe(true)
})

test('StrictMode mounts twice and opens one store, which stays open', async () => {
  const { container } = render(
    <StrictMode>
      <App space={SPACES[0]!} />
    </StrictMode>,
  )
  vi.advanceTimersByTime(1)
  const store = seen.at(-1)!
  await act(() => store.ready)
  expect(made).toBe(1)
  expect(isClosed(store)).toBe(false)
  act(() => void store.create(Issue, { title: 'one', status: 'open', points: 1 }))
  expect(container.textContent).toBe('1 issues')
})

test('other deps open another store and close the one before; the same deps keep it', async () => {
  const { rerender } = render(<App space={SPACES[0]!} />)
  const first = seen.at(-1)!
  rerender(<App space={SPACES[0]!} />)
  expect(seen.at(-1)).toBe(first)
  seen.length = 0
  rerender(<App space={SPACES[1]!} />)
  // Never the store of the previous deps, not even in the render between.
  expect(seen).not.toContain(first)
  expect(made).toBe(2)
  vi.advanceTimersByTime(1)
  await first.close()
  expect(isClosed(first)).toBe(true)
  expect(isClosed(seen.at(-1))).toBe(false)
})

test('a server renders without a store, and opens none', () => {
  expect(renderToString(<App space={SPACES[0]!} />)).toBe('opening')
  expect(made).toBe(0)
})
