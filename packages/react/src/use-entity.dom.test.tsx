// Owns: the contract of useEntity for one row: renders, results and subscriptions.

import { act, cleanup, render } from '@testing-library/react'
import { Component, type ReactNode } from 'react'
import { afterEach, expect, test, vi } from 'vitest'
import { addIssue, counted, hushErrors, Issue, openStore, tally } from '../test/kit.ts'
import { SyncProvider, useEntity } from './index.ts'

afterEach(cleanup)

test('R2 one render a change: a write renders the row once, for any change', async () => {
  const store = await openStore()
  const id = addIssue(store, 'first')
  const renders = tally()
  function Title(): ReactNode {
    const row = useEntity(Issue, id)
    renders.hit('title', row)
    return row?.title
  }
  const { container } = render(
    <SyncProvider store={store}>
      <Title />
    </SyncProvider>,
  )
  expect(renders.count('title')).toBe(1)

  act(() => void store.update(Issue, id, { title: 'second', points: 3 }))
  expect(renders.count('title')).toBe(2)
  expect(container.textContent).toBe('second')

  act(
    () =>
      void store.transact(() => {
        store.update(Issue, id, { points: 4 })
        store.update(Issue, id, { title: 'third' })
      }),
  )
  expect(renders.count('title')).toBe(3)
  expect(container.textContent).toBe('third')
})

test('one commit: rows changed by one transaction render together', async () => {
  const store = await openStore()
  const ids = [addIssue(store, 'a'), addIssue(store, 'b'), addIssue(store, 'c')]
  const renders = tally()
  function Title({ id }: { readonly id: string }): ReactNode {
    renders.hit(id)
    return useEntity(Issue, id, (row) => row.title)
  }
  const { container } = render(
    <SyncProvider store={store}>
      {ids.map((id) => (
        <Title key={id} id={id} />
      ))}
    </SyncProvider>,
  )
  const texts: (string | null)[] = []
  const observer = new MutationObserver(() => texts.push(container.textContent))
  observer.observe(container, { subtree: true, childList: true, characterData: true })
  store.transact(() => {
    for (const id of ids) store.update(Issue, id, { title: 'x' })
  })
  await vi.waitFor(() => expect(texts.length).toBeGreaterThan(0))
  observer.disconnect()
  expect(texts).toEqual(['xxx'])
  expect(ids.map((id) => renders.count(id))).toEqual([2, 2, 2])
})

test('per-row subscription: a write to another row does not render', async () => {
  const store = await openStore()
  const mine = addIssue(store, 'mine')
  const other = addIssue(store, 'other')
  const renders = tally()
  function Title(): ReactNode {
    renders.hit('title')
    return useEntity(Issue, mine)?.title
  }
  render(
    <SyncProvider store={store}>
      <Title />
    </SyncProvider>,
  )
  act(() => void store.update(Issue, other, { title: 'changed' }))
  act(() => void addIssue(store, 'a third'))
  expect(renders.count('title')).toBe(1)
})

test('stable references: the row is the same object until it changes', async () => {
  const store = await openStore()
  const id = addIssue(store, 'same')
  const other = addIssue(store, 'other')
  const renders = tally()
  function Title(): ReactNode {
    renders.hit('row', useEntity(Issue, id))
    return null
  }
  const tree = (
    <SyncProvider store={store}>
      <Title />
    </SyncProvider>
  )
  const { rerender } = render(tree)
  act(() => void store.update(Issue, other, { title: 'changed' }))
  rerender(<SyncProvider store={store}>{<Title />}</SyncProvider>)
  act(() => void store.update(Issue, id, { points: 1 }))
  const [first, again, changed] = renders.values('row')
  expect(again).toBe(first)
  expect(changed).not.toBe(first)
  expect(changed).toBe(store.read(Issue, id))
})

test('selector: a change outside the selected part does not render', async () => {
  const store = await openStore()
  const id = addIssue(store, 'title')
  const renders = tally()
  function Points(): ReactNode {
    const points = useEntity(Issue, id, (row) => row.points)
    renders.hit('points', points)
    return points
  }
  render(
    <SyncProvider store={store}>
      <Points />
    </SyncProvider>,
  )
  act(() => void store.update(Issue, id, { title: 'another' }))
  expect(renders.count('points')).toBe(1)
  act(() => void store.update(Issue, id, { points: 5 }))
  expect(renders.values('points')).toEqual([0, 5])
})

test('selector: a new object each time neither loops nor warns, and isEqual keeps the old one', async () => {
  const store = await openStore()
  const id = addIssue(store, 'title')
  const renders = tally()
  const errors = vi.spyOn(console, 'error').mockImplementation(() => {})
  function Loose(): ReactNode {
    renders.hit(
      'loose',
      useEntity(Issue, id, (row) => ({ points: row.points })),
    )
    return null
  }
  function Tight(): ReactNode {
    const part = useEntity(
      Issue,
      id,
      (row) => ({ points: row.points }),
      (before, after) => before.points === after.points,
    )
    renders.hit('tight', part)
    return null
  }
  const view = (): ReactNode => (
    <SyncProvider store={store}>
      <Loose />
      <Tight />
    </SyncProvider>
  )
  const { rerender } = render(view())
  act(() => void store.update(Issue, id, { title: 'another' }))
  expect(renders.count('loose')).toBe(2)
  expect(renders.count('tight')).toBe(1)
  rerender(view())
  const [first, afterParent] = renders.values('tight')
  expect(afterParent).toBe(first)
  act(() => void store.update(Issue, id, { points: 1 }))
  expect(renders.values('tight').at(-1)).toEqual({ points: 1 })
  expect(errors).not.toHaveBeenCalled()
  errors.mockRestore()
})

test('selector: one that closes over a prop follows the prop', async () => {
  const store = await openStore()
  const id = addIssue(store, 'title', 7)
  function Field({ name }: { readonly name: 'title' | 'points' }): ReactNode {
    return useEntity(Issue, id, (row) => row[name])
  }
  const view = (name: 'title' | 'points'): ReactNode => (
    <SyncProvider store={store}>
      <Field name={name} />
    </SyncProvider>
  )
  const { container, rerender } = render(view('title'))
  expect(container.textContent).toBe('title')
  rerender(view('points'))
  expect(container.textContent).toBe('7')
})

test('hot reload: a selector that comes or goes while the component stays mounted', async () => {
  const { store, open } = counted(await openStore())
  const id = addIssue(store, 'title', 7)
  // The types forbid this in one version of a component; a reload swaps versions under its state.
  const pick = (row: { readonly title: string }): string => row.title
  function Part({ picks }: { readonly picks: boolean }): ReactNode {
    const part: unknown = useEntity(Issue, id, (picks ? pick : undefined) as typeof pick)
    return typeof part === 'string' ? part : JSON.stringify(part)
  }
  const view = (first: boolean, second: boolean): ReactNode => (
    <SyncProvider store={store}>
      <Part picks={first} />
      <Part picks={second} />
    </SyncProvider>
  )
  const whole = (): string => JSON.stringify(store.read(Issue, id))
  const { container, rerender } = render(view(true, false))
  expect(container.textContent).toBe(`title${whole()}`)
  rerender(view(false, true))
  expect(container.textContent).toBe(`${whole()}title`)
  act(() => void store.update(Issue, id, { title: 'new' }))
  expect(container.textContent).toBe(`${whole()}new`)
  expect(open()).toBe(2)
})

test('no row: unknown, archived and then restored by a write; neither function is called without one', async () => {
  const store = await openStore()
  const id = addIssue(store, 'here')
  function Title(): ReactNode {
    const title = useEntity(
      Issue,
      id,
      (row) => row.title.toUpperCase(),
      (before, after) => before.length === after.length && before === after,
    )
    return title ?? 'nothing'
  }
  function Unknown(): ReactNode {
    return useEntity(Issue, 'no-such-id', (row) => row.title.toUpperCase()) ?? ', unknown'
  }
  const { container } = render(
    <SyncProvider store={store}>
      <Title />
      <Unknown />
    </SyncProvider>,
  )
  expect(container.textContent).toBe('HERE, unknown')
  act(() => void store.archive(Issue, id))
  expect(container.textContent).toBe('nothing, unknown')
  act(() => void store.restore(Issue, id))
  expect(container.textContent).toBe('HERE, unknown')
})

test('id: missing means undefined and no subscription; a new id moves the subscription', async () => {
  const { store, open, opened } = counted(await openStore())
  const first = addIssue(store, 'first')
  const second = addIssue(store, 'second')
  function Title({ id }: { readonly id: string | null | undefined }): ReactNode {
    return useEntity(Issue, id)?.title ?? 'none'
  }
  const view = (id: string | null | undefined): ReactNode => (
    <SyncProvider store={store}>
      <Title id={id} />
    </SyncProvider>
  )
  const { container, rerender, unmount } = render(view(undefined))
  expect(container.textContent).toBe('none')
  rerender(view(null))
  expect(opened()).toBe(0)
  rerender(view(first))
  expect(container.textContent).toBe('first')
  rerender(view(second))
  expect(container.textContent).toBe('second')
  expect([open(), opened()]).toEqual([1, 2])
  rerender(view(second))
  expect(opened()).toBe(2)
  rerender(view(null))
  expect(open()).toBe(0)
  unmount()
  expect(open()).toBe(0)
})

test('a throwing selector: the nearest boundary shows it, store and neighbours go on', async () => {
  const unhush = hushErrors()
  const { store, open } = counted(await openStore())
  const id = addIssue(store, 'fine')
  class Boundary extends Component<{ readonly children: ReactNode }> {
    override state: { readonly message?: string } = {}
    static getDerivedStateFromError(error: Error): { message: string } {
      return { message: error.message }
    }
    override render(): ReactNode {
      return this.state.message ?? this.props.children
    }
  }
  function Fragile(): ReactNode {
    return useEntity(Issue, id, (row) => {
      if (row.points > 0) throw new Error('selector broke')
      return row.title
    })
  }
  function Neighbour(): ReactNode {
    return useEntity(Issue, id, (row) => `, ${row.title} ${row.points}`)
  }
  const { container } = render(
    <SyncProvider store={store}>
      <Boundary>
        <Fragile />
      </Boundary>
      <Neighbour />
    </SyncProvider>,
  )
  expect(container.textContent).toBe('fine, fine 0')
  // The write itself must not see the error.
  expect(() => act(() => void store.update(Issue, id, { points: 1 }))).not.toThrow()
  expect(container.textContent).toBe('selector broke, fine 1')
  act(() => void store.update(Issue, id, { title: 'still fine', points: 2 }))
  expect(container.textContent).toBe('selector broke, still fine 2')
  expect(store.read(Issue, id)?.title).toBe('still fine')
  expect(open()).toBe(1)
  unhush()
})
