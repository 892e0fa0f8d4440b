// Owns: the contract of useMe: who the person is, rendered only for the selected part.

import { act, cleanup, render } from '@testing-library/react'
import type { ReactNode } from 'react'
import { afterEach, expect, test } from 'vitest'
import { openStore, tally } from '../test/kit.ts'
import { SyncProvider, useMe } from './index.ts'

afterEach(cleanup)

test('WHO10 useMe: the person as the store knows them, and a new render for the selected part', async () => {
  const store = await openStore()
  const { authorId } = store.status.getState()
  const renders = tally()
  function Me(): ReactNode {
    const me = useMe()
    return `${me.authorId === authorId} ${me.aliases.length} ${me.signedIn}`
  }
  function SignedIn(): ReactNode {
    renders.hit(
      'signed in',
      useMe(({ signedIn }) => signedIn),
    )
    return null
  }
  const { container } = render(
    <SyncProvider store={store}>
      <Me />
      <SignedIn />
    </SyncProvider>,
  )
  expect(container.textContent).toBe('true 0 false')
  act(() => store.me.setState({ aliases: ['another'] }))
  expect(container.textContent).toBe('true 1 false')
  act(() => store.me.setState({ signedIn: true }))
  expect(container.textContent).toBe('true 1 true')
  expect(renders.values('signed in')).toEqual([false, true])
})
