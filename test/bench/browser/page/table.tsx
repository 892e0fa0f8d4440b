/**
 * T: the nine actions of js-framework-benchmark on a keyed table, from the call until the frame that
 * shows them has been painted. The floor is plain hooks: rows in React's own state, kept nowhere. What
 * the table shows is compared with the rows that it must show after each action.
 */
import type { Row, SyncStore } from '@countersign/core'
import { SyncProvider, useQuery } from '@countersign/react'
import { type ReactNode, memo, useEffect, useState } from 'react'
import { flushSync } from 'react-dom'
import { createRoot } from 'react-dom/client'
import { type TaskRow, inputOf, taskRows } from '../../data.ts'
import { must } from '../../figure.ts'
import type { Times } from './rows.tsx'
import { Plain, freshName, macrotask, openStore, settle } from './sides.ts'

const ROWS = 1_000
const MANY_ROWS = 10_000
/** A store takes at most 4,096 changes in a transaction. */
const TRANSACTION_ROWS = 2_000

/** A row as the table shows it. */
export type Line = Pick<TaskRow, 'id' | 'title'>

/** A table with the changes that actions make. */
export interface TableSide {
  readonly tree: ReactNode
  append(rows: readonly TaskRow[]): void
  /** The present rows go, and these come. */
  replace(rows: readonly TaskRow[]): void
  /** Appends a text to the title of every tenth row. */
  mark(text: string): void
  /** Rows 1 and 998 change places. */
  swap(): void
  remove(place: number): void
  /** Resolves when what was written is at rest. */
  rest(): Promise<void>
  close(): Promise<void>
}

let select: (id: string) => void = () => {}

const LineOf = memo(function LineOf({
  row,
  isSelected,
}: {
  readonly row: Line
  readonly isSelected: boolean
}): ReactNode {
  return (
    <tr className={isSelected ? 'selected' : ''}>
      <td>{row.id}</td>
      <td>{row.title}</td>
    </tr>
  )
})

/** The table of every side. Which row is selected is a matter of the screen, and kept by React. */
export function Lines({ rows }: { readonly rows: readonly Line[] }): ReactNode {
  const [selected, setSelected] = useState('')
  useEffect(() => {
    select = setSelected
  }, [])
  return (
    <table>
      <tbody>
        {rows.map((row) => (
          <LineOf key={row.id} row={row} isSelected={row.id === selected} />
        ))}
      </tbody>
    </table>
  )
}

type Change = (rows: readonly TaskRow[]) => readonly TaskRow[]

/** What the verbs of a table do to a list of rows. Rows without a change stay the same objects. */
export const CHANGES = {
  mark:
    (text: string): Change =>
    (rows) =>
      rows.map((row, i) => (i % 10 === 0 ? { ...row, title: row.title + text } : row)),
  swap: (): Change => (rows) => rows.with(1, rows[998]!).with(998, rows[1]!),
  remove:
    (place: number): Change =>
    (rows) =>
      rows.toSpliced(place, 1),
}

/** A table whose rows are one list, which `set` changes. */
export function listSide(tree: ReactNode, set: (change: Change) => void): TableSide {
  return {
    tree,
    append: (rows) => set((all) => [...all, ...rows]),
    replace: (rows) => set(() => rows),
    mark: (text) => set(CHANGES.mark(text)),
    swap: () => set(CHANGES.swap()),
    remove: (place) => set(CHANGES.remove(place)),
    rest: async () => {},
    close: async () => {},
  }
}

/** Hands its setter out: the workload calls it from outside, as a button would. */
function PlainHooks({
  onSetter,
}: {
  readonly onSetter: (set: (change: Change) => void) => void
}): ReactNode {
  const [rows, setRows] = useState<readonly TaskRow[]>([])
  useEffect(() => onSetter(setRows), [onSetter])
  return <Lines rows={rows} />
}

async function plainSide(): Promise<TableSide> {
  let set: (change: Change) => void = () => {}
  return listSide(<PlainHooks onSetter={(setter) => (set = setter)} />, (change) => set(change))
}

function Ours(): ReactNode {
  const { rows } = useQuery(Plain, { orderBy: ['createdAt'] })
  return <Lines rows={rows} />
}

async function ourSide(): Promise<TableSide> {
  const store: SyncStore = await openStore(freshName(), [Plain])
  const all = (): readonly Row<typeof Plain>[] =>
    store.query(Plain, { orderBy: ['createdAt'] }).rows
  const each = <T,>(rows: readonly T[], change: (row: T) => void): void => {
    for (let from = 0; from < rows.length; from += TRANSACTION_ROWS)
      store.transact(() => rows.slice(from, from + TRANSACTION_ROWS).forEach((row) => change(row)))
  }
  const append = (rows: readonly TaskRow[]): void =>
    each(rows, (row) => store.create(Plain, inputOf(row), { id: row.id }))
  return {
    tree: (
      <SyncProvider store={store}>
        <Ours />
      </SyncProvider>
    ),
    append,
    replace: (rows) => {
      each(all(), ({ id }) => store.archive(Plain, id))
      append(rows)
    },
    mark: (text) => {
      const tenth = all().filter((_, i) => i % 10 === 0)
      each(tenth, ({ id, title }) => store.update(Plain, id, { title: title + text }))
    },
    swap: () => {
      const [one, other] = [all()[1]!, all()[998]!]
      store.transact(() => {
        store.update(Plain, one.id, { createdAt: other.createdAt })
        store.update(Plain, other.id, { createdAt: one.createdAt })
      })
    },
    remove: (place) => void store.archive(Plain, all()[place]!.id),
    rest: () => store.flushed(),
    close: () => store.close(),
  }
}

/** The tables that are measured in turn; a page with peers adds theirs. */
export const TABLES: Map<string, () => Promise<TableSide>> = new Map([
  ['floor', plainSide],
  ['ours', ourSide],
])

interface Action {
  /** Rows that are there before it. */
  readonly before: number
  readonly act: (side: TableSide, fresh: readonly TaskRow[]) => void
  /** What the table shows after it. */
  readonly after: (rows: readonly TaskRow[], fresh: readonly TaskRow[]) => readonly TaskRow[]
  /** Rows that it brings. */
  readonly brings: number
  readonly selects?: number
}

const SELECTED = 4
const REMOVED = 4

const ACTIONS = {
  create: {
    ...{ before: 0, brings: ROWS, act: (side, fresh) => side.append(fresh) },
    after: (_, fresh) => fresh,
  },
  replace: {
    ...{ before: ROWS, brings: ROWS, act: (side, fresh) => side.replace(fresh) },
    after: (_, fresh) => fresh,
  },
  update: {
    ...{ before: ROWS, brings: 0, act: (side) => side.mark(' !!!') },
    after: CHANGES.mark(' !!!'),
  },
  select: {
    ...{ before: ROWS, brings: 0, selects: SELECTED },
    act: () => select(document.querySelectorAll('td:first-child')[SELECTED]!.textContent),
    after: (rows) => rows,
  },
  swap: { before: ROWS, brings: 0, act: (side) => side.swap(), after: CHANGES.swap() },
  remove: {
    ...{ before: ROWS, brings: 0, act: (side) => side.remove(REMOVED) },
    after: CHANGES.remove(REMOVED),
  },
  many: {
    ...{ before: 0, brings: MANY_ROWS, act: (side, fresh) => side.append(fresh) },
    after: (_, fresh) => fresh,
  },
  append: {
    ...{ before: ROWS, brings: ROWS, act: (side, fresh) => side.append(fresh) },
    after: (rows, fresh) => [...rows, ...fresh],
  },
  clear: { before: ROWS, brings: 0, act: (side) => side.replace([]), after: () => [] },
} satisfies Record<string, Action>

export type TableAction = keyof typeof ACTIONS

/** Times of an action in ms, the tables in turn. */
export async function tableAction(name: TableAction, rounds: number): Promise<Times> {
  const action: Action = ACTIONS[name]
  const times: Record<string, number[]> = {}
  for (const [kind, made] of TABLES) {
    const side = await made()
    const box = document.createElement('div')
    document.body.append(box)
    const root = createRoot(box)
    flushSync(() => root.render(side.tree))
    times[kind] = []
    for (let round = 0; round <= rounds; round++) {
      const rows = rowsFrom(action.before, round * 2 + 1)
      const fresh = rowsFrom(action.brings, round * 2 + 2)
      side.replace(rows)
      select('')
      await painted()
      await side.rest()
      await settle()
      const start = performance.now()
      action.act(side, fresh)
      await painted()
      const ms = performance.now() - start
      check(box, action.after(rows, fresh), action.selects)
      if (round > 0) times[kind].push(ms)
    }
    flushSync(() => root.unmount())
    box.remove()
    await side.close()
  }
  return times as unknown as Times
}

/** Rows in the order of their time, behind those of a smaller seed. */
function rowsFrom(count: number, seed: number): readonly TaskRow[] {
  return taskRows(count, seed).map((row, i) => ({ ...row, createdAt: seed * MANY_ROWS * 2 + i }))
}

function check(box: HTMLElement, rows: readonly Line[], selected: number | undefined): void {
  const lines = [...box.querySelectorAll('tr')]
  must(lines.length === rows.length, `${lines.length} rows, must be ${rows.length}`)
  for (const [i, { id, title }] of rows.entries()) {
    const line = lines[i]!
    must(line.textContent === id + title, `row ${i} is ${line.textContent}, must be ${id}${title}`)
    must((line.className === 'selected') === (i === selected), `row ${i} is ${line.className}`)
  }
}

/** The next frame is on the screen. */
async function painted(): Promise<void> {
  await new Promise((resolve) => requestAnimationFrame(resolve))
  await macrotask()
}
