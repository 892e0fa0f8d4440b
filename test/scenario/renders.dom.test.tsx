/** How often components render for a write and its verdict, with a reviewer. */
import { entity } from '@countersign/core'
import { SyncProvider, useEntity } from '@countersign/react'
import { act, cleanup, render } from '@testing-library/react'
import type { ReactNode } from 'react'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { type Scene, scene } from './wire.ts'

const Task = entity('task', { title: z.string() })

let open: Scene | undefined

afterEach(async () => {
  cleanup()
  await open?.close()
  open = undefined
})

test('R2 one render at the write and one at the ack; a selector that reads no $ field renders once', async () => {
  open = await scene()
  const store = await open.open({ entities: [Task] })
  await open.settle()
  const { id } = store.create(Task, { title: 'A' })
  await open.settle()
  const seen: Record<string, unknown[]> = { row: [], title: [], state: [] }
  function Part({ name }: { readonly name: 'row' | 'title' | 'state' }): ReactNode {
    const select = { row: undefined, title, state }[name]
    const shown = useEntity(Task, id, select as typeof title)
    seen[name]!.push(shown)
    return null
  }
  render(
    <SyncProvider store={store}>
      <Part name="row" />
      <Part name="title" />
      <Part name="state" />
    </SyncProvider>,
  )
  await act(async () => {
    store.update(Task, id, { title: 'B' })
    await open!.settle()
  })
  expect(seen['title']).toEqual(['A', 'B'])
  expect(seen['state']).toEqual(['canonical', 'volatile', 'canonical'])
  const rows = seen['row'] as { readonly title: string; readonly $state: string }[]
  expect(rows.map((row) => `${row.title} ${row.$state}`)).toEqual([
    'A canonical',
    'B volatile',
    'B canonical',
  ])
})

const title = (row: { readonly title: string }): string => row.title
const state = (row: { readonly $state: string }): string => row.$state
