// Owns: no tearing. React renders a transition in slices; the store changes between two of them;
// the commit must still show one moment of the store everywhere.

import { startTransition, useLayoutEffect, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import { expect, test, vi } from 'vitest'
import { SyncProvider, useEntity, useQuery } from '../src/index.ts'
import { addIssue, Issue, openStore, tally } from './kit.ts'

const readersMax = 24
// Longer than React's slice of 5 ms, so that each reader renders in a slice of its own.
const renderMs = 6

function keepBusy(): void {
  const until = performance.now() + renderMs
  while (performance.now() < until);
}

test(
  'no tearing: readers of one row agree in each commit, though it changed between their renders',
  { timeout: 60_000 },
  async () => {
    const store = await openStore()
    const id = addIssue(store, '0')
    const renders = tally()
    const container = document.createElement('div')
    const shown = (): string[] => [...container.querySelectorAll('i')].map((i) => i.textContent)
    const check = (): void => renders.hit('commit', new Set(shown()).size)

    function ByEntity(): ReactNode {
      const title = useEntity(Issue, id)?.title
      renders.hit('rendered', title)
      keepBusy()
      useLayoutEffect(check)
      return <i>{title}</i>
    }
    function ByQuery(): ReactNode {
      const title = useQuery(Issue, { limit: 1 }, ({ rows }) => rows[0]?.title)
      renders.hit('rendered', title)
      keepBusy()
      useLayoutEffect(check)
      return <i>{title}</i>
    }
    const root = createRoot(container)
    startTransition(() =>
      root.render(
        <SyncProvider store={store}>
          {Array.from({ length: readersMax }, (_, i) =>
            i % 2 === 0 ? <ByEntity key={i} /> : <ByQuery key={i} />,
          )}
        </SyncProvider>,
      ),
    )
    await vi.waitFor(() => expect(renders.count('rendered')).toBeGreaterThan(2), { interval: 1 })
    // The transition is under way: some readers have rendered, none is on the screen.
    expect(renders.count('rendered')).toBeLessThan(readersMax)
    expect(shown()).toEqual([])
    store.update(Issue, id, { title: '1' })

    await vi.waitFor(() => expect(shown()).toHaveLength(readersMax))
    expect(new Set(renders.values('rendered'))).toEqual(new Set(['0', '1']))
    expect(new Set(shown())).toEqual(new Set(['1']))

    store.update(Issue, id, { title: '2' })
    await vi.waitFor(() => expect(new Set(shown())).toEqual(new Set(['2'])))
    expect(new Set(renders.values('commit'))).toEqual(new Set([1]))
    root.unmount()
  },
)

test('no tearing: a write between render and subscription is not missed', async () => {
  const store = await openStore()
  const id = addIssue(store, 'before')
  function Early(): ReactNode {
    // Layout effects run before React subscribes.
    useLayoutEffect(() => void store.update(Issue, id, { title: 'after' }), [])
    return null
  }
  function Title(): ReactNode {
    const count = useQuery(Issue, { where: { title: 'after' } }, ({ rows }) => rows.length)
    return `${useEntity(Issue, id)?.title} ${count}`
  }
  const container = document.createElement('div')
  const root = createRoot(container)
  root.render(
    <SyncProvider store={store}>
      <Title />
      <Early />
    </SyncProvider>,
  )
  await vi.waitFor(() => expect(container.textContent).toBe('after 1'))
  root.unmount()
})
