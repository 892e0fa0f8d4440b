/**
 * R3: a table of 1,000 rows as js-framework-benchmark has it: replace all, append as many, clear.
 * From the call until the frame that shows it has been painted. The floor is plain hooks: rows in
 * React's own state, kept nowhere.
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

export type TableStep = 'replace' | 'append' | 'clear'

const ROWS = 1_000

interface Shown {
  readonly id: string
  readonly title: string
}

const Line = memo(function Line({ row }: { readonly row: Shown }): ReactNode {
  return (
    <tr>
      <td>{row.id}</td>
      <td>{row.title}</td>
    </tr>
  )
})

function Lines({ rows }: { readonly rows: readonly Shown[] }): ReactNode {
  return (
    <table>
      <tbody>
        {rows.map((row) => (
          <Line key={row.id} row={row} />
        ))}
      </tbody>
    </table>
  )
}

interface Side {
  readonly tree: ReactNode
  append(rows: readonly TaskRow[]): void
  /** All at once: what is there goes, these come. */
  replace(rows: readonly TaskRow[]): void
  /** Until what was written is at rest. */
  rest(): Promise<void>
  close(): Promise<void>
}

type Change = (rows: readonly TaskRow[]) => readonly TaskRow[]

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

function plainSide(): Side {
  let set: (change: Change) => void = () => {}
  return {
    tree: <PlainHooks onSetter={(setter) => (set = setter)} />,
    append: (rows) => set((all) => [...all, ...rows]),
    replace: (rows) => set(() => rows),
    rest: async () => {},
    close: async () => {},
  }
}

function Ours(): ReactNode {
  const { rows } = useQuery(Plain, { orderBy: ['createdAt'] })
  return <Lines rows={rows} />
}

async function ourSide(): Promise<Side> {
  const store: SyncStore = await openStore(freshName(), [Plain])
  const all = (): readonly Row<typeof Plain>[] =>
    store.query(Plain, { orderBy: ['createdAt'] }).rows
  const create = (rows: readonly TaskRow[]): void => {
    for (const row of rows) store.create(Plain, inputOf(row), { id: row.id })
  }
  return {
    tree: (
      <SyncProvider store={store}>
        <Ours />
      </SyncProvider>
    ),
    append: (rows) => void store.transact(() => create(rows)),
    replace: (rows) =>
      void store.transact(() => {
        for (const { id } of all()) store.archive(Plain, id)
        create(rows)
      }),
    rest: () => store.flushed(),
    close: () => store.close(),
  }
}

/** Times of a step in ms, floor and ours in turn. */
export async function tableStep(step: TableStep, rounds: number): Promise<Times> {
  const sides = [plainSide(), await ourSide()] as const
  const times: Times = { floor: [], ours: [] }
  for (const [i, side] of sides.entries()) {
    const box = document.createElement('div')
    document.body.append(box)
    const root = createRoot(box)
    flushSync(() => root.render(side.tree))
    for (let round = 0; round <= rounds; round++) {
      side.replace(taskRows(ROWS, round * 2 + 1))
      await painted()
      await side.rest()
      await settle()
      const next = step === 'clear' ? [] : taskRows(ROWS, round * 2 + 2)
      const start = performance.now()
      if (step === 'append') side.append(next)
      else side.replace(next)
      await painted()
      const ms = performance.now() - start
      const shown = box.querySelectorAll('tr').length
      must(shown === { append: 2 * ROWS, replace: ROWS, clear: 0 }[step], `${shown} rows`)
      if (round > 0) (i === 0 ? times.floor : times.ours).push(ms)
    }
    flushSync(() => root.unmount())
    box.remove()
    await side.close()
  }
  return times
}

/** The next frame is on the screen. */
async function painted(): Promise<void> {
  await new Promise((resolve) => requestAnimationFrame(resolve))
  await macrotask()
}
