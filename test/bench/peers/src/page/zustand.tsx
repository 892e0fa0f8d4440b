/** zustand as its documents have it: one store of rows by id, hooks with selectors. */
import { create } from 'zustand'
import { useMemo, type ReactNode } from 'react'
import { type TaskRow, openRowsOf } from '../../../data.ts'
import { Lines, type TableSide, listSide } from '../../../browser/page/table.tsx'
import { List, type MakeSide, TOP_ROWS, inLists, tally } from '../../../browser/page/rows.tsx'

interface State {
  readonly rows: Readonly<Record<string, TaskRow>>
}

export const zustandSide: MakeSide = async (given) => {
  const useRows = create<State>(() => ({
    rows: Object.fromEntries(given.map((row) => [row.id, row])),
  }))
  const change = (ids: readonly string[], patch: Partial<TaskRow>): void =>
    useRows.setState(({ rows }) => {
      const next = { ...rows }
      for (const id of ids) next[id] = { ...next[id]!, ...patch }
      return { rows: next }
    })
  function Row({ id }: { readonly id: string }): ReactNode {
    tally.hit()
    return <li>{useRows((state) => state.rows[id]?.title)}</li>
  }
  function Top(): ReactNode {
    const rows = useRows((state) => state.rows)
    return <List rows={useMemo(() => openRowsOf(Object.values(rows), TOP_ROWS), [rows])} />
  }
  return {
    tree: inLists(given, Row),
    list: <Top />,
    retitle: (id, title) => change([id], { title }),
    move: (id, createdAt) => change([id], { createdAt }),
    retitleAll: (ids, title) => change(ids, { title }),
    close: async () => {},
  }
}

/** The table of T: one list of rows in a store. */
export async function zustandTable(): Promise<TableSide> {
  const useRows = create<{ readonly rows: readonly TaskRow[] }>(() => ({ rows: [] }))
  function Table(): ReactNode {
    return <Lines rows={useRows((state) => state.rows)} />
  }
  return listSide(<Table />, (change) => useRows.setState(({ rows }) => ({ rows: change(rows) })))
}
