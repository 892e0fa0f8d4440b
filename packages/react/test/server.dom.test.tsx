// @vitest-environment node
// Owns: servers, which have no window: importing has no side effects, and hooks render
// the empty result. (Named `dom` so that it runs with both majors of React.)

import { version, type ReactNode } from 'react'
import { renderToString } from 'react-dom/server'
import { expect, test } from 'vitest'
import { addIssue, counted, Issue, openStore } from './kit.ts'

test('both majors: these tests run with the major they are meant for', () => {
  expect(version.split('.')[0]).toBe(process.env['REACT_MAJOR'] ?? '19')
})

test('SSR: importing touches no global', async () => {
  const before = Reflect.ownKeys(globalThis)
  await import('../src/index.ts')
  expect(Reflect.ownKeys(globalThis)).toEqual(before)
  expect(typeof window).toBe('undefined')
})

test('SSR: renderToString gives the empty result, whatever the store holds, and never subscribes', async () => {
  const { SyncProvider, useConflicts, useEntity, useQuery, useRefused, useSyncStatus } =
    await import('../src/index.ts')
  const { store, opened } = counted(await openStore())
  const id = addIssue(store, 'of one user')
  function Page(): ReactNode {
    const row = useEntity(Issue, id, (issue) => issue.title)
    const { rows, complete, asOf, pending } = useQuery(Issue, { where: { status: 'open' } })
    const storage = useSyncStatus((status) => status.storage)
    const lists = [useConflicts(Issue), useConflicts(), useRefused()]
    return (
      <p>{JSON.stringify([row ?? 'no row', rows, complete, asOf, pending, storage, ...lists])}</p>
    )
  }
  const html = renderToString(
    <SyncProvider store={store}>
      <Page />
    </SyncProvider>,
  )
  const text = html.replaceAll('&quot;', '"')
  expect(store.status.getState().storage).toBe('ok')
  expect(text).toBe('<p>["no row",[],false,null,0,"opening",[],[],[]]</p>')
  expect(opened()).toBe(0)
})
