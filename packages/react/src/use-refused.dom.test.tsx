// Owns: the contract of useRefused: own rejected messages, until the app handles them.

import { act, cleanup, render } from '@testing-library/react'
import type { ReactNode } from 'react'
import { afterEach, expect, test } from 'vitest'
import { addIssue, counted, Issue, openStore, tally } from '../test/kit.ts'
import { meet } from '../test/meeting.ts'
import { SyncProvider, useEntity, useRefused } from './index.ts'

afterEach(cleanup)

/** A person with a rejected update, and a second one that depends on it. */
async function refusal() {
  const rule = { strict: true }
  const meeting = await meet({
    issue: {
      update: (_, { values }) =>
        rule.strict && values['points'] === 99 ? 'too many points' : true,
    },
  })
  const person = await meeting.open()
  const id = addIssue(person, 'A')
  await meeting.settle()
  const overstep = (): Promise<void> =>
    act(() =>
      meeting.apart(
        [person, () => void person.update(Issue, id, { points: 99 })],
        [person, () => void person.update(Issue, id, { title: 'after it' })],
      ),
    )
  return { meeting, person, id, rule, overstep }
}

test('§6 a rejected message appears with its reason and its descendants; discard empties the list', async () => {
  const { person, id, overstep } = await refusal()
  const seen = tally()
  function Tray(): ReactNode {
    const refused = useRefused()
    seen.hit('refused', refused)
    const points = useEntity(Issue, id, (issue) => issue.points)
    const lines = refused.map(({ state, reason }) => `${state}: ${reason}`)
    return [`${points}`, ...lines].join(' / ')
  }
  const { container } = render(
    <SyncProvider store={person}>
      <Tray />
    </SyncProvider>,
  )
  expect(container.textContent).toBe('0')
  await overstep()
  expect(container.textContent).toBe('0 / rejected: unauthorised / blocked: parent_rejected')
  expect(person.refused.snapshot()[0]?.detail).toBe('too many points')
  const [first, second] = person.refused.snapshot()
  expect(first?.descendants).toEqual([second?.messageId])
  expect(seen.values('refused').at(-1)).toBe(person.refused.snapshot())

  act(() => person.discard(first!.messageId))
  expect(container.textContent).toBe('0')
})

test('§6 reauthor writes it again, and the list renders once', async () => {
  const { meeting, person, id, rule, overstep } = await refusal()
  await overstep()
  const seen = tally()
  function Count(): ReactNode {
    const count = useRefused((refused) => refused.length)
    seen.hit('count', count)
    return count
  }
  render(
    <SyncProvider store={person}>
      <Count />
    </SyncProvider>,
  )
  rule.strict = false
  act(() => void person.reauthor(person.refused.snapshot()[0]!.messageId))
  expect(seen.values('count')).toEqual([2, 0])
  await act(() => meeting.settle())
  expect(person.read(Issue, id)).toMatchObject({ points: 99, title: 'after it' })
  expect(seen.count('count')).toBe(2)
})

test('stable identity: other writes and new renders give the same array, over one subscription', async () => {
  const { store, open, opened } = counted(await openStore())
  const seen = tally()
  function List(): ReactNode {
    seen.hit('refused', useRefused())
    return null
  }
  const page = (): ReactNode => (
    <SyncProvider store={store}>
      <List />
    </SyncProvider>
  )
  const { rerender, unmount } = render(page())
  act(() => void addIssue(store, 'fine'))
  expect(seen.count('refused')).toBe(1)
  rerender(page())
  expect(new Set(seen.values('refused')).size).toBe(1)
  expect([open(), opened()]).toEqual([1, 1])
  unmount()
  expect(open()).toBe(0)
})
