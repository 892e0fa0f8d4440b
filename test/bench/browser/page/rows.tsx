/**
 * R1: mounting a list whose rows are each read by a hook. R2: one of these rows changes, from the
 * call to the page. Both sides render the same elements.
 */
import { SyncProvider, useEntity } from '@countersign/react'
import type { SyncStore } from '@countersign/core'
import { type ReactNode, createContext, useCallback, useContext, useSyncExternalStore } from 'react'
import { flushSync } from 'react-dom'
import { type Root, createRoot } from 'react-dom/client'
import { type TaskRow, taskRows } from '../../data.ts'
import { median, must } from '../../figure.ts'
import type { RowStore } from '../../floors/row-store.ts'
import { Task, fillOurs, freshName, macrotask, openFloor, openOurs, settle } from './sides.ts'

const CHANGES = 100
/** Rows of one list: React visits all siblings of what changes, which is no store's doing. */
const LIST_ROWS = 100

const tally = {
  renders: 0,
  hit(): void {
    this.renders++
  },
}

const FloorContext = createContext<RowStore | undefined>(undefined)

/** The plainest hook that is right. */
export function useFloorRow(id: string): TaskRow | undefined {
  const store = useContext(FloorContext)!
  const subscribe = useCallback(
    (listener: () => void) => store.subscribe(id, listener),
    [store, id],
  )
  const read = useCallback(() => store.get(id), [store, id])
  return useSyncExternalStore(subscribe, read)
}

function FloorRow({ id }: { readonly id: string }): ReactNode {
  tally.hit()
  const row = useFloorRow(id)
  return <li>{row?.title}</li>
}

function OurRow({ id }: { readonly id: string }): ReactNode {
  tally.hit()
  const row = useEntity(Task, id)
  return <li>{row?.title}</li>
}

/** One side: a tree over its store, and a way to change a title. */
interface Side {
  readonly tree: ReactNode
  readonly retitle: (id: string, title: string) => void
  readonly close: () => Promise<void>
}

export function FloorProvider({
  store,
  children,
}: {
  readonly store: RowStore
  readonly children: ReactNode
}): ReactNode {
  return <FloorContext.Provider value={store}>{children}</FloorContext.Provider>
}

type RowComponent = (props: { readonly id: string }) => ReactNode

function inLists(rows: readonly TaskRow[], Item: RowComponent): ReactNode {
  const starts = rows.map((_, i) => i).filter((i) => i % LIST_ROWS === 0)
  return starts.map((from) => (
    <ul key={from}>
      {rows.slice(from, from + LIST_ROWS).map(({ id }) => (
        <Item key={id} id={id} />
      ))}
    </ul>
  ))
}

async function floorSide(rows: readonly TaskRow[]): Promise<Side> {
  const store = await openFloor(freshName())
  for (const row of rows) store.put(row)
  await store.settled()
  return {
    tree: <FloorProvider store={store}>{inLists(rows, FloorRow)}</FloorProvider>,
    retitle: (id, title) => store.put({ ...store.get(id)!, title }),
    close: async () => store.close(),
  }
}

async function ourSide(rows: readonly TaskRow[]): Promise<Side> {
  const store: SyncStore = await openOurs(freshName())
  await fillOurs(store, rows)
  return {
    tree: <SyncProvider store={store}>{inLists(rows, OurRow)}</SyncProvider>,
    retitle: (id, title) => void store.update(Task, id, { title }),
    close: () => store.close(),
  }
}

async function bothSides(rows: readonly TaskRow[]): Promise<readonly [floor: Side, ours: Side]> {
  return [await floorSide(rows), await ourSide(rows)]
}

interface Mounted {
  readonly ms: number
  readonly root: Root
  readonly box: HTMLElement
  readonly items: readonly HTMLElement[]
}

function mount({ tree }: Side, rows: readonly TaskRow[]): Mounted {
  const box = document.createElement('div')
  document.body.append(box)
  const root = createRoot(box)
  tally.renders = 0
  const start = performance.now()
  flushSync(() => root.render(tree))
  const ms = performance.now() - start
  must(tally.renders === rows.length, `${tally.renders} renders for ${rows.length} rows`)
  const items = [...box.querySelectorAll('li')]
  must(items.length === rows.length, 'not every row is mounted')
  rows.forEach((row, i) => must(items[i]!.textContent === row.title, `row ${i} is wrong`))
  return { ms, root, box, items }
}

function unmount({ root, box }: Mounted): void {
  flushSync(() => root.unmount())
  box.remove()
}

/** Times in ms, floor and ours in turn. */
export interface Times {
  readonly floor: number[]
  readonly ours: number[]
}

export async function mountRows(count: number, rounds: number): Promise<Times> {
  const rows = taskRows(count)
  const sides = await bothSides(rows)
  const times: Times = { floor: [], ours: [] }
  for (let round = 0; round <= rounds; round++) {
    for (const [i, side] of sides.entries()) {
      await settle()
      const mounted = mount(side, rows)
      if (round > 0) (i === 0 ? times.floor : times.ours).push(mounted.ms)
      unmount(mounted)
    }
  }
  for (const side of sides) await side.close()
  return times
}

/** Medians of many changes a round, while so many rows are mounted. */
export async function changeRows(count: number, rounds: number): Promise<Times> {
  const rows = taskRows(count)
  const sides = await bothSides(rows)
  const mounted = sides.map((side) => mount(side, rows))
  const times: Times = { floor: [], ours: [] }
  for (let round = 0; round <= rounds; round++) {
    for (const [i, side] of sides.entries()) {
      await settle()
      const ms = await changeSome(side, mounted[i]!, rows)
      if (round > 0) (i === 0 ? times.floor : times.ours).push(ms)
    }
  }
  mounted.forEach(unmount)
  for (const side of sides) await side.close()
  return times
}

async function changeSome(
  side: Side,
  { box, items }: Mounted,
  rows: readonly TaskRow[],
): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < CHANGES; i++) {
    const at = (i * 7_919) % rows.length
    const title = `Changed for the test ${Math.random()}`
    tally.renders = 0
    const { ms, commits } = await toPage(box, () => side.retitle(rows[at]!.id, title))
    must(items[at]!.textContent === title, 'the page shows another title')
    must(tally.renders === 1 && commits === 1, `${tally.renders} renders, ${commits} commits`)
    times.push(ms)
    await macrotask()
  }
  return median(times)
}

/** From a call until what it changes stands in the document. */
function toPage(element: Element, write: () => void): Promise<{ ms: number; commits: number }> {
  return new Promise((resolve, reject) => {
    let commits = 0
    let end = 0
    const observer = new MutationObserver(() => {
      commits++
      if (commits > 1) return
      end = performance.now()
      // Long enough for a second commit to be noticed.
      setTimeout(() => {
        observer.disconnect()
        resolve({ ms: end - start, commits })
      }, 0)
    })
    observer.observe(element, { subtree: true, childList: true, characterData: true })
    setTimeout(() => end === 0 && reject(new Error('the page never changed')), 5_000)
    const start = performance.now()
    write()
  })
}
