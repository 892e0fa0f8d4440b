// Owns: the contract of useSyncStatus: the store's status, rendered only for the selected part.

import { act, cleanup, render } from '@testing-library/react'
import type { ReactNode } from 'react'
import { afterEach, expect, test } from 'vitest'
import { counted, openStore, tally } from '../test/kit.ts'
import { SyncProvider, useSyncStatus } from './index.ts'

afterEach(cleanup)

test('status: the whole of it, and a new render when it changes', async () => {
  const { store, open } = counted(await openStore())
  function Line(): ReactNode {
    const { connection, outboxMessages } = useSyncStatus()
    return `${connection} ${outboxMessages}`
  }
  const { container, unmount } = render(
    <SyncProvider store={store}>
      <Line />
    </SyncProvider>,
  )
  act(() => store.status.setState({ connection: 'online', outboxMessages: 3 }))
  expect(container.textContent).toBe('online 3')
  unmount()
  expect(open()).toBe(0)
})

test('selector: a change outside the selected part does not render', async () => {
  const store = await openStore()
  const renders = tally()
  function Busy(): ReactNode {
    const busy = useSyncStatus((status) => status.outboxMessages > 0)
    renders.hit('busy', busy)
    return null
  }
  function Pair(): ReactNode {
    const pair = useSyncStatus(
      ({ connection, storage }) => ({ connection, storage }),
      (before, after) => before.connection === after.connection && before.storage === after.storage,
    )
    renders.hit('pair', pair)
    return null
  }
  render(
    <SyncProvider store={store}>
      <Busy />
      <Pair />
    </SyncProvider>,
  )
  act(() => store.status.setState({ outboxMessages: 1 }))
  act(() => store.status.setState({ outboxMessages: 2 }))
  expect(renders.values('busy')).toEqual([false, true])
  expect(renders.count('pair')).toBe(1)
})
