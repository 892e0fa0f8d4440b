/**
 * R5: keystrokes in an input that is bound to a field. They go into the middle of the text, so
 * that a value that comes back late would move the caret or reorder the text.
 */
import { SyncProvider, useEntity, useSyncStore } from '@countersign/react'
import type { ReactNode } from 'react'
import { flushSync } from 'react-dom'
import { createRoot } from 'react-dom/client'
import { taskRows } from '../../data.ts'
import { median, must } from '../../figure.ts'
import type { RowStore } from '../../floors/row-store.ts'
import { FloorProvider, type Times, useFloorRow } from './rows.tsx'
import { Task, fillOurs, freshName, macrotask, openFloor, openOurs, settle } from './sides.ts'

const KEYS = 200
const [row] = taskRows(1)
const ID = row!.id

function FloorInput({ store }: { readonly store: RowStore }): ReactNode {
  const { title } = useFloorRow(ID)!
  return (
    <input
      aria-label="title"
      value={title}
      onChange={(event) => store.put({ ...store.get(ID)!, title: event.target.value })}
    />
  )
}

function OurInput(): ReactNode {
  const store = useSyncStore()
  const title = useEntity(Task, ID)!.title
  return (
    <input
      aria-label="title"
      value={title}
      onChange={(event) => void store.update(Task, ID, { title: event.target.value })}
    />
  )
}

interface Side {
  readonly tree: ReactNode
  readonly reset: () => void
  readonly title: () => string
  readonly close: () => Promise<void>
}

async function floorSide(): Promise<Side> {
  const store = await openFloor(freshName())
  store.put(row!)
  return {
    tree: (
      <FloorProvider store={store}>
        <FloorInput store={store} />
      </FloorProvider>
    ),
    reset: () => store.put({ ...row!, title: '[]' }),
    title: () => store.get(ID)!.title,
    close: async () => store.close(),
  }
}

async function ourSide(): Promise<Side> {
  const store = await openOurs(freshName())
  await fillOurs(store, [row!])
  return {
    tree: (
      <SyncProvider store={store}>
        <OurInput />
      </SyncProvider>
    ),
    reset: () => void store.update(Task, ID, { title: '[]' }),
    title: () => store.read(Task, ID)!.title,
    close: () => store.close(),
  }
}

export async function typeInto(rounds: number): Promise<Times> {
  const sides = [await floorSide(), await ourSide()]
  const times: Times = { floor: [], ours: [] }
  for (let round = 0; round <= rounds; round++) {
    for (const [i, side] of sides.entries()) {
      await settle()
      const ms = await typeSome(side)
      if (round > 0) (i === 0 ? times.floor : times.ours).push(ms)
    }
  }
  for (const side of sides) await side.close()
  return times
}

async function typeSome(side: Side): Promise<number> {
  side.reset()
  const box = document.createElement('div')
  document.body.append(box)
  const root = createRoot(box)
  flushSync(() => root.render(side.tree))
  const input = box.querySelector('input')!
  input.focus()
  input.setSelectionRange(1, 1)
  const times: number[] = []
  let typed = ''
  for (let i = 0; i < KEYS; i++) {
    const key = String.fromCharCode(97 + (i % 26))
    typed += key
    const start = performance.now()
    document.execCommand('insertText', false, key)
    times.push(performance.now() - start)
    must(side.title() === `[${typed}]`, `key ${i + 1} is not in the row`)
    await macrotask()
    must(input.value === `[${typed}]`, `the input shows ${input.value} after key ${i + 1}`)
    must(input.selectionStart === i + 2, `the caret jumped at key ${i + 1}`)
  }
  root.unmount()
  box.remove()
  return median(times)
}
