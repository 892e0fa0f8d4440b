// Owns: changes of the store, the type, the id or the comparison of a mounted hook: the next render
// reads the new one, and the old one is unsubscribed.

import { act, cleanup, render } from '@testing-library/react'
import { entity, memoryStorage, createSyncStore, type SyncStore } from '@countersign/core'
import type { ReactNode } from 'react'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { counted, tally } from '../test/kit.ts'
import {
  SyncProvider,
  useConflicts,
  useEntity,
  useQuery,
  useRefused,
  useSyncStatus,
} from './index.ts'

afterEach(cleanup)

const shape = z.object({ title: z.string(), points: z.number() })
const Issue = entity('issue', shape, { idPolicy: 'supplied' })
const Note = entity('note', shape, { idPolicy: 'supplied' })
const ID = '6f1d3a52-0c3e-4c58-9d0c-0a6f4a8f6d11'

async function open(title: string): Promise<SyncStore> {
  const store = createSyncStore({
    space: crypto.randomUUID(),
    entities: [Issue, Note],
    storage: memoryStorage(),
  })
  onTestFinished(() => store.close())
  await store.ready
  for (const type of [Issue, Note])
    store.create(type, { title: `${title} ${type.name}`, points: 1 }, { id: ID })
  return store
}

type Type = typeof Issue | typeof Note

function Reads({ type }: { readonly type: Type }): ReactNode {
  const row = useEntity(type as typeof Issue, ID)
  const part = useEntity(type as typeof Issue, ID, ({ title }) => title)
  const { rows } = useQuery(type as typeof Issue)
  const list = useQuery(type as typeof Issue, undefined, (result) => result.rows.length)
  const session = useSyncStatus((status) => status.sessionId)
  const lists = useConflicts(type).length + useRefused().length
  return [row?.title, part, rows[0]?.title, list, session, lists].join('|')
}

test('a new store: every hook reads and listens to it, and to the old one no more', async () => {
  const [first, second] = [counted(await open('first')), counted(await open('second'))]
  const page = (store: SyncStore): ReactNode => (
    <SyncProvider store={store}>
      <Reads type={Issue} />
    </SyncProvider>
  )
  const { container, rerender } = render(page(first.store))
  rerender(page(second.store))
  const { sessionId } = second.store.status.getState()
  expect(container.textContent).toBe(`second issue|second issue|second issue|1|${sessionId}|0`)
  expect(first.open()).toBe(0)
  act(() => void second.store.update(Issue, ID, { title: 'changed' }))
  expect(container.textContent).toContain('changed|changed|changed')
})

test('a new type: every hook reads and listens to it', async () => {
  const store = await open('a')
  const page = (type: Type): ReactNode => (
    <SyncProvider store={store}>
      <Reads type={type} />
    </SyncProvider>
  )
  const { container, rerender } = render(page(Issue))
  rerender(page(Note))
  expect(container.textContent).toContain('a note|a note|a note')
  act(() => void store.update(Note, ID, { title: 'changed' }))
  expect(container.textContent).toContain('changed|changed|changed')
})

test('a new isEqual counts from the next change on', async () => {
  const store = await open('a')
  const renders = tally()
  function Points({ coarse }: { readonly coarse: boolean }): ReactNode {
    const near = (a: number, b: number): boolean => Math.floor(a / 10) === Math.floor(b / 10)
    const points = useEntity(Issue, ID, (row) => row.points, coarse ? near : Object.is)
    renders.hit('points', points)
    return points
  }
  const page = (coarse: boolean): ReactNode => (
    <SyncProvider store={store}>
      <Points coarse={coarse} />
    </SyncProvider>
  )
  const { container, rerender } = render(page(true))
  act(() => void store.update(Issue, ID, { points: 2 }))
  expect(container.textContent).toBe('1')
  rerender(page(false))
  act(() => void store.update(Issue, ID, { points: 3 }))
  expect(container.textContent).toBe('3')
  rerender(page(true))
  act(() => void store.update(Issue, ID, { points: 4 }))
  expect(container.textContent).toBe('3')
})
