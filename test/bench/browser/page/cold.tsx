/**
 * P2: a page starts on a database with many rows, from the call that opens the store until the
 * first right answer of a query is in the document. Our rows are acknowledged by a reviewer
 * when they are filled in; the cold start itself is offline.
 */
import { SyncProvider, useQuery } from '@countersign/react'
import type { SyncStore } from '@countersign/core'
import { type ReactNode, useEffect, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { type TaskRow, openQuery, openRowsOf, taskRows } from '../../data.ts'
import { must } from '../../figure.ts'
import { fillRanked, firstRanked } from '../../floors/dexie-cold.ts'
import { List } from './rows.tsx'
import { Task, newStore, openStore } from './sides.ts'

const SHOWN = 50
const FILL_MS = 600_000
const COLD_MS = 60_000

export type ColdKind = 'floor' | 'ours'

export interface ReviewerPlace {
  readonly url: string
  readonly space: string
}

export async function fillCold(
  kind: ColdKind,
  { name, count, reviewer }: { name: string; count: number; reviewer: ReviewerPlace },
): Promise<void> {
  const rows = taskRows(count, 41)
  if (kind === 'floor') return fillRanked(name, rows)
  const store = await openStore(name, [Task], reviewer)
  await store.import(Task, rows)
  const end = performance.now() + FILL_MS
  while (store.status.getState().outboxMessages > 0) {
    must(performance.now() < end, 'rows were never acknowledged')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await store.flushed()
  await store.close()
}

function FloorPage({ name }: { readonly name: string }): ReactNode {
  const [rows, setRows] = useState<readonly TaskRow[]>([])
  useEffect(() => void firstRanked(name, SHOWN).then(setRows), [name])
  return <List rows={rows} />
}

function OurList(): ReactNode {
  return <List rows={useQuery(Task, openQuery(SHOWN)).rows} />
}

export async function openCold(
  kind: ColdKind,
  { name, count, space }: { name: string; count: number; space: string },
): Promise<number> {
  const wanted = openRowsOf(taskRows(count, 41), SHOWN).map((row) => row.title)
  const box = document.getElementById('root')!
  let store: SyncStore | undefined
  const ms = await new Promise<number>((resolve, reject) => {
    const observer = new MutationObserver(() => {
      const items = box.querySelectorAll('li')
      if (items.length !== SHOWN) return
      observer.disconnect()
      clearTimeout(late)
      resolve(performance.now() - start)
    })
    observer.observe(box, { subtree: true, childList: true, characterData: true })
    const late = setTimeout(() => reject(new Error('the rows never came')), COLD_MS)
    const start = performance.now()
    const root = createRoot(box)
    if (kind === 'floor') root.render(<FloorPage name={name} />)
    else {
      store = newStore(name, [Task], { space, url: '' })
      store.ready.catch(reject)
      root.render(
        <SyncProvider store={store}>
          <OurList />
        </SyncProvider>,
      )
    }
  })
  const titles = [...box.querySelectorAll('li')].map((item) => item.textContent)
  must(titles.join() === wanted.join(), `${kind}: the page shows other rows`)
  await store?.ready
  const found = store?.query(Task).rows.length ?? count
  must(found === count, `${kind}: ${found} rows after the start`)
  await store?.close()
  return ms
}
