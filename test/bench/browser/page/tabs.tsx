/**
 * P3: two tabs of one device, without a reviewer. One writes, the other records when the edit is
 * in its document. The floor sends the changed row on a channel. Times are of the clock that the
 * pages share.
 */
import { SyncProvider, useEntity } from '@countersign/react'
import type { ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import { type TaskRow, digest, taskRows } from '../../data.ts'
import { FloorProvider, inLists, useFloorRow } from './rows.tsx'
import { Task, fillOurs, openFloor, openOurs } from './sides.ts'
import type { Kind } from './sides.ts'

const ROWS = taskRows(100, 51)

function FloorRow({ id }: { readonly id: string }): ReactNode {
  return <li>{useFloorRow(id)?.title}</li>
}

function OurRow({ id }: { readonly id: string }): ReactNode {
  return <li>{useEntity(Task, id)?.title}</li>
}

export interface TabHandle {
  /** Edits the row of that number; returns the time. */
  edit(row: number, title: string): number
  /** Resolves when the document shows the title, with the time at which it first did. */
  seen(title: string): Promise<number>
  shows(rows: number): Promise<void>
  digest(): string
}

declare global {
  interface Window {
    tab: TabHandle
  }
}

interface Tab {
  readonly tree: ReactNode
  readonly edit: (id: string, title: string) => void
  readonly rows: () => Iterable<TaskRow>
}

async function floorTab(name: string, isFirst: boolean): Promise<Tab> {
  const store = await openFloor(`${name}-${isFirst}`)
  for (const row of ROWS) store.put(row)
  const channel = new BroadcastChannel(name)
  channel.onmessage = ({ data }: MessageEvent<TaskRow>) => store.put(data)
  return {
    tree: <FloorProvider store={store}>{inLists(ROWS, FloorRow)}</FloorProvider>,
    edit: (id, title) => {
      const row = { ...store.get(id)!, title }
      channel.postMessage(row)
      store.put(row)
    },
    rows: () => store.all(),
  }
}

async function ourTab(name: string, isFirst: boolean): Promise<Tab> {
  const store = await openOurs(name)
  if (isFirst) await fillOurs(store, ROWS)
  return {
    tree: <SyncProvider store={store}>{inLists(ROWS, OurRow)}</SyncProvider>,
    edit: (id, title) => void store.update(Task, id, { title }),
    rows: () => store.query(Task).rows,
  }
}

export async function openTab(kind: Kind, name: string, isFirst: boolean): Promise<void> {
  const tab = await (kind === 'floor' ? floorTab : ourTab)(name, isFirst)
  const box = document.getElementById('root')!
  const shownAt = new Map<string, number>()
  new MutationObserver((changes) => {
    const at = now()
    for (const { target } of changes) shownAt.set(target.textContent ?? '', at)
  }).observe(box, { subtree: true, childList: true, characterData: true })
  createRoot(box).render(tab.tree)
  window.tab = {
    edit(row, title) {
      const at = now()
      tab.edit(ROWS[row]!.id, title)
      return at
    },
    async seen(title) {
      await until(() => shownAt.has(title))
      return shownAt.get(title)!
    },
    shows: (rows) =>
      until(() => [...box.querySelectorAll('li')].filter((li) => li.textContent).length === rows),
    digest: () => digest(tab.rows()),
  }
}

function now(): number {
  return performance.timeOrigin + performance.now()
}

async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 30_000
  do {
    if (performance.now() > end) throw new Error('wrong result: a tab waited in vain')
    await new Promise((resolve) => setTimeout(resolve, 2))
  } while (!holds())
}
