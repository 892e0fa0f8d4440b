// Owns: the contract of useConflicts: open conflicts as a stable list, each with its own resolve.

import { act, cleanup, render } from '@testing-library/react'
import type { ReactNode } from 'react'
import { afterEach, expect, test } from 'vitest'
import { addIssue, counted, Issue, openStore, tally } from '../test/kit.ts'
import { meet } from '../test/meeting.ts'
import { type Conflict, SyncProvider, useConflicts } from './index.ts'

afterEach(cleanup)

/** Two people who gave one issue different titles offline; both have synced. */
async function dispute() {
  const meeting = await meet()
  const ann = await meeting.open()
  const bob = await meeting.open()
  const id = addIssue(ann, 'A')
  await meeting.settle()
  const part = (hers: string, his: string): Promise<void> =>
    act(() =>
      meeting.apart(
        [ann, () => void ann.update(Issue, id, { title: hers })],
        [bob, () => void bob.update(Issue, id, { title: his })],
      ),
    )
  return { meeting, ann, bob, id, part }
}

test('§9 a conflict appears with base, candidates and whose they are, and goes when it is resolved', async () => {
  const { meeting, ann, bob, id, part } = await dispute()
  const seen = tally()
  function List(): ReactNode {
    const conflicts = useConflicts(Issue)
    seen.hit('conflicts', conflicts)
    return conflicts.map(({ id: row, field, base, candidates, resolve }) => (
      <button key={row + field} onClick={() => resolve('B and C')}>
        {`${field}: ${String(base)} → ${candidates.map(sayCandidate).join(' | ')}`}
      </button>
    ))
  }
  const { container } = render(
    <SyncProvider store={bob}>
      <List />
    </SyncProvider>,
  )
  expect(container.textContent).toBe('')
  await part('B', 'C')
  expect(container.textContent).toBe('title: A → B theirs | C mine')
  expect(seen.values('conflicts').at(-1)).toMatchObject([{ entity: Issue, id, field: 'title' }])

  act(() => container.querySelector('button')!.click())
  expect(container.textContent).toBe('')
  await act(() => meeting.settle())
  expect(ann.read(Issue, id)?.title).toBe('B and C')
  expect(ann.conflicts().snapshot()).toEqual([])
})

const sayCandidate = ({ value, mine }: Conflict['candidates'][number]): string =>
  `${String(value)} ${mine ? 'mine' : 'theirs'}`

test('stable identity: writes elsewhere and new renders give the same array, its elements too', async () => {
  const { ann, bob, id, part } = await dispute()
  await part('B', 'C')
  const { store, open, opened } = counted(bob)
  const seen = tally()
  function List(): ReactNode {
    seen.hit('conflicts', useConflicts(Issue))
    return null
  }
  const page = (): ReactNode => (
    <SyncProvider store={store}>
      <List />
    </SyncProvider>
  )
  const { rerender, unmount } = render(page())
  rerender(page())
  act(() => void addIssue(bob, 'another'))
  const [first, again] = seen.values('conflicts')
  expect(seen.count('conflicts')).toBe(2)
  expect(again).toBe(first)

  const other = addIssue(bob, 'also')
  await act(() => new Promise((resolve) => setTimeout(resolve, 50)))
  bob.setOnline(false)
  act(() => void bob.update(Issue, id, { title: 'C2' }))
  expect(seen.count('conflicts')).toBe(3)
  expect(seen.values('conflicts')[2]).not.toBe(first)
  act(() => void bob.update(Issue, other, { title: 'also changed' }))
  expect(seen.count('conflicts')).toBe(3)
  expect([open(), opened()]).toEqual([1, 1])
  unmount()
  expect(open()).toBe(0)
  expect(ann.conflicts().snapshot()).toHaveLength(1)
})

test('selector: a count renders when the count changes, and at no other change of a conflict', async () => {
  const { bob, id, part } = await dispute()
  await part('B', 'C')
  const seen = tally()
  function Count(): ReactNode {
    const count = useConflicts(undefined, (conflicts) => conflicts.length)
    seen.hit('count', count)
    return count
  }
  const { container } = render(
    <SyncProvider store={bob}>
      <Count />
    </SyncProvider>,
  )
  expect(container.textContent).toBe('1')
  act(() => void bob.update(Issue, id, { title: 'C2' }))
  expect(seen.count('count')).toBe(1)
  act(() => void bob.resolve(Issue, id, { title: 'C2' }))
  expect(seen.values('count')).toEqual([1, 0])
})

test('no type means all types; a type moves the subscription', async () => {
  const { store, open, opened } = counted(await openStore())
  function Count({ all }: { readonly all: boolean }): ReactNode {
    return useConflicts(all ? undefined : Issue).length
  }
  const page = (all: boolean): ReactNode => (
    <SyncProvider store={store}>
      <Count all={all} />
    </SyncProvider>
  )
  const { container, rerender } = render(page(true))
  expect(container.textContent).toBe('0')
  rerender(page(false))
  expect([open(), opened()]).toEqual([1, 2])
})
