/**
 * R1: mounting a list whose rows are each read by a hook. R2: one of these rows changes, from the
 * call to the page. R4: 1,000 of them change in one transaction. R3: a list of 100 of many rows, in
 * the order of a query, whose order changes. All sides render the same elements.
 */
import { SyncProvider, useEntity, useQuery } from '@countersign/react'
import type { SyncStore } from '@countersign/core'
import { type ReactNode, createContext, useCallback, useContext, useSyncExternalStore } from 'react'
import { flushSync } from 'react-dom'
import { type Root, createRoot } from 'react-dom/client'
import { type TaskRow, openQuery, openRowsOf, taskRows } from '../../data.ts'
import { median, must } from '../../figure.ts'
import type { RowStore } from '../../floors/row-store.ts'
import { Task, fillOurs, freshName, macrotask, openFloor, openOurs, settle } from './sides.ts'

const CHANGES = 100
/** Rows of one list: React visits all siblings of what changes, which is no store's doing. */
const LIST_ROWS = 100
/** Rows that the list of R3 shows. */
export const TOP_ROWS = 100
const CHANGE_MS = 10_000

/** Counts renders; rows of every side report to it. */
export const tally = {
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

export function useFloorTop(): readonly TaskRow[] {
  const store = useContext(FloorContext)!
  const subscribe = useCallback(
    (listener: () => void) => store.subscribeTop(TOP_ROWS, listener),
    [store],
  )
  return useSyncExternalStore(
    subscribe,
    useCallback(() => store.top(TOP_ROWS), [store]),
  )
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

/** A list in the order of the open query. */
export function List({ rows }: { readonly rows: readonly TaskRow[] }): ReactNode {
  return (
    <ol>
      {rows.map((row) => (
        <li key={row.id}>{row.title}</li>
      ))}
    </ol>
  )
}

function FloorList(): ReactNode {
  return <List rows={useFloorTop()} />
}

function OurList(): ReactNode {
  return <List rows={useQuery(Task, openQuery(TOP_ROWS)).rows} />
}

/** One side: trees over its store, and ways to change rows. */
export interface Side {
  /** Rows, each read by its own hook. */
  readonly tree: ReactNode
  /** The first `TOP_ROWS` rows of the open query; null where a library has no such query. */
  readonly list: ReactNode
  readonly retitle: (id: string, title: string) => void
  readonly move: (id: string, createdAt: number) => void
  /** In one transaction. */
  readonly retitleAll: (ids: readonly string[], title: string) => void
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

export function inLists(rows: readonly TaskRow[], Item: RowComponent): ReactNode {
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
  const change = (id: string, patch: Partial<TaskRow>): void =>
    store.put({ ...store.get(id)!, ...patch })
  const within = (child: ReactNode): ReactNode => (
    <FloorProvider store={store}>{child}</FloorProvider>
  )
  return {
    tree: within(inLists(rows, FloorRow)),
    list: within(<FloorList />),
    retitle: (id, title) => change(id, { title }),
    move: (id, createdAt) => change(id, { createdAt }),
    retitleAll: (ids, title) => ids.forEach((id) => change(id, { title })),
    close: async () => store.close(),
  }
}

async function ourSide(rows: readonly TaskRow[]): Promise<Side> {
  const store: SyncStore = await openOurs(freshName())
  await fillOurs(store, rows)
  return {
    tree: <SyncProvider store={store}>{inLists(rows, OurRow)}</SyncProvider>,
    list: (
      <SyncProvider store={store}>
        <OurList />
      </SyncProvider>
    ),
    retitle: (id, title) => void store.update(Task, id, { title }),
    move: (id, createdAt) => void store.update(Task, id, { createdAt }),
    retitleAll: (ids, title) =>
      void store.transact(() => ids.forEach((id) => store.update(Task, id, { title }))),
    close: () => store.close(),
  }
}

export type MakeSide = (rows: readonly TaskRow[]) => Promise<Side>

/** Peers are added by the page of `test/bench/peers`. */
export const SIDES: Map<string, MakeSide> = new Map([
  ['floor', floorSide],
  ['ours', ourSide],
])

/** Their hooks are a query each, of which a page does not hold 10,000. */
const QUERY_A_ROW: ReadonlySet<string> = new Set(['tanstack', 'dexie'])
const QUERIES_MAX = 1_000

async function sidesOf(
  rows: readonly TaskRow[],
  of: 'tree' | 'list',
): Promise<ReadonlyMap<string, Side>> {
  const sides = new Map<string, Side>()
  for (const [kind, make] of SIDES) {
    const isTooMuch = of === 'tree' && QUERY_A_ROW.has(kind) && rows.length > QUERIES_MAX
    if (isTooMuch) continue
    const side = await make(rows)
    if (side[of] === null) await side.close()
    else sides.set(kind, side)
  }
  return sides
}

interface Mounted {
  readonly ms: number
  readonly root: Root
  readonly box: HTMLElement
  readonly items: readonly HTMLElement[]
}

/** A peer may render more often than once, or later. */
function isStrict(kind: string): boolean {
  return kind === 'floor' || kind === 'ours'
}

async function mount(kind: string, tree: ReactNode, rows: readonly TaskRow[]): Promise<Mounted> {
  const box = document.createElement('div')
  document.body.append(box)
  const root = createRoot(box)
  tally.renders = 0
  let ms = 0
  const isThere = (): boolean => {
    const items = box.querySelectorAll('li')
    return items.length === rows.length && items[rows.length - 1]!.textContent !== ''
  }
  if (isStrict(kind)) {
    const start = performance.now()
    flushSync(() => root.render(tree))
    ms = performance.now() - start
  } else {
    const shown = toPage(box, () => flushSync(() => root.render(tree)), isThere)
    ms = (await shown).ms
  }
  const items = [...box.querySelectorAll('li')]
  must(items.length === rows.length, `${kind}: not every row is mounted`)
  rows.forEach((row, i) => must(items[i]!.textContent === row.title, `${kind}: row ${i} is wrong`))
  return { ms, root, box, items }
}

function unmount({ root, box }: Mounted): void {
  flushSync(() => root.unmount())
  box.remove()
}

/** Times in ms by side, all sides in turn. */
export interface Times {
  readonly floor: number[]
  readonly ours: number[]
  readonly [peer: string]: number[]
}

function noTimes(kinds: Iterable<string>): Times {
  const peers = [...kinds].map((kind): [string, number[]] => [kind, []])
  return { floor: [], ours: [], ...Object.fromEntries(peers) }
}

export async function mountRows(count: number, rounds: number): Promise<Times> {
  const rows = taskRows(count)
  const sides = await sidesOf(rows, 'tree')
  const times = noTimes(sides.keys())
  for (let round = 0; round <= rounds; round++) {
    for (const [kind, side] of sides) {
      await settle()
      const mounted = await mount(kind, side.tree, rows)
      const { renders } = tally
      must(!isStrict(kind) || renders === count, `${kind}: ${renders} renders for ${count} rows`)
      if (round > 0) times[kind]!.push(mounted.ms)
      unmount(mounted)
    }
  }
  for (const side of sides.values()) await side.close()
  return times
}

type Step = (kind: string, side: Side, mounted: Mounted) => Promise<number>

/** Times of a step while the rows, or the list, are mounted. */
async function whileMounted(
  rows: readonly TaskRow[],
  rounds: number,
  { of, step }: { readonly of: 'tree' | 'list'; readonly step: Step },
): Promise<Times> {
  const sides = await sidesOf(rows, of)
  const shown = of === 'tree' ? rows : openRowsOf(rows, TOP_ROWS)
  const mounted = new Map<string, Mounted>()
  for (const [kind, side] of sides) mounted.set(kind, await mount(kind, side[of], shown))
  const times = noTimes(sides.keys())
  for (let round = 0; round <= rounds; round++) {
    for (const [kind, side] of sides) {
      await settle()
      const ms = await step(kind, side, mounted.get(kind)!)
      if (round > 0) times[kind]!.push(ms)
    }
  }
  for (const one of mounted.values()) unmount(one)
  for (const side of sides.values()) await side.close()
  return times
}

/** Medians of many changes a round, while so many rows are mounted. */
export function changeRows(count: number, rounds: number): Promise<Times> {
  const rows = taskRows(count)
  const step: Step = (kind, side, { box, items }) =>
    medianOf(async (i) => {
      const at = (i * 7_919) % rows.length
      const title = `Changed for the test ${Math.random()}`
      tally.renders = 0
      const { ms, commits } = await toPage(
        box,
        () => side.retitle(rows[at]!.id, title),
        () => items[at]!.textContent === title,
      )
      const isOnce = tally.renders === 1 && commits === 1
      must(isOnce || !isStrict(kind), `${kind}: ${tally.renders} renders, ${commits} commits`)
      return ms
    })
  return whileMounted(rows, rounds, { of: 'tree', step })
}

/** All rows change in one transaction. */
export function changeAll(count: number, rounds: number): Promise<Times> {
  const rows = taskRows(count)
  const ids = rows.map((row) => row.id)
  const step: Step = async (kind, side, { box, items }) => {
    const title = `Changed with all others ${Math.random()}`
    tally.renders = 0
    const { ms, commits } = await toPage(
      box,
      () => side.retitleAll(ids, title),
      () => items[0]!.textContent === title && items.at(-1)!.textContent === title,
    )
    must(
      items.every((item) => item.textContent === title),
      `${kind}: a row has its old title`,
    )
    const isOnce = tally.renders === count && commits === 1
    must(isOnce || !isStrict(kind), `${kind}: ${tally.renders} renders, ${commits} commits`)
    return ms
  }
  return whileMounted(rows, rounds, { of: 'tree', step })
}

/** The first row of the list moves to another place in it. */
export function moveInList(count: number, rounds: number): Promise<Times> {
  const rows = taskRows(count)
  const known = new Map<string, Map<string, TaskRow>>()
  let moves = 0
  const step: Step = (kind, side, { box }) =>
    medianOf(async (i) => {
      // The state of this side, worked out apart from it; only the window can change.
      const state = known.get(kind) ?? new Map(openRowsOf(rows, 2 * TOP_ROWS).map((r) => [r.id, r]))
      known.set(kind, state)
      const before = openRowsOf(state.values(), TOP_ROWS)
      const others = before.filter((row) => row.priority === before[0]!.priority)
      const { createdAt } = others[1 + ((i * 31) % (others.length - 1))]!
      // A date of its own: libraries differ in the order of equals.
      const moved = { ...before[0]!, createdAt: createdAt + ((++moves % 1_000) + 1) / 1_024 }
      state.set(moved.id, moved)
      const after = openRowsOf(state.values(), TOP_ROWS)
      const list = box.querySelector('ol')!
      const isRight = (): boolean =>
        after.every((row, at) => row.title === list.children[at]!.textContent)
      const { ms } = await toPage(box, () => side.move(moved.id, moved.createdAt), isRight)
      must(list.children.length === after.length, `${kind}: the list has another length`)
      return ms
    })
  return whileMounted(rows, rounds, { of: 'list', step })
}

async function medianOf(step: (i: number) => Promise<number>): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < CHANGES; i++) {
    times.push(await step(i))
    await macrotask()
  }
  return median(times)
}

/** From a call until its change is in the document. */
function toPage(
  element: Element,
  write: () => void,
  isDone: () => boolean,
): Promise<{ ms: number; commits: number }> {
  return new Promise((resolve, reject) => {
    let commits = 0
    let end = 0
    const observer = new MutationObserver(() => {
      commits++
      if (end > 0 || !isDone()) return
      end = performance.now()
      // Long enough for a further commit to be noticed.
      setTimeout(() => {
        observer.disconnect()
        clearTimeout(late)
        resolve({ ms: end - start, commits })
      }, 0)
    })
    observer.observe(element, { subtree: true, childList: true, characterData: true })
    const late = setTimeout(() => reject(new Error('the page never changed')), CHANGE_MS)
    const start = performance.now()
    write()
  })
}
