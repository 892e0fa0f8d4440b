/** Dexie with `useLiveQuery`: every hook asks the database. */
import { Dexie, type Table } from 'dexie'
import { useLiveQuery } from 'dexie-react-hooks'
import type { ReactNode } from 'react'
import type { TaskRow } from '../../../data.ts'
import { List, type MakeSide, TOP_ROWS, inLists, tally } from '../../../browser/page/rows.tsx'
import { freshName } from '../../../browser/page/sides.ts'

interface Ranked extends TaskRow {
  readonly rank: readonly number[]
}

function ranked(row: TaskRow): Ranked {
  return { ...row, rank: [row.done ? 1 : 0, -row.priority, row.createdAt] }
}

export const dexieSide: MakeSide = async (given) => {
  const database = new Dexie(freshName())
  database.version(1).stores({ tasks: 'id, rank' })
  const tasks: Table<Ranked, string> = database.table('tasks')
  await tasks.bulkPut(given.map(ranked))
  function Row({ id }: { readonly id: string }): ReactNode {
    tally.hit()
    const row = useLiveQuery(() => tasks.get(id), [id])
    return <li>{row?.title}</li>
  }
  function Top(): ReactNode {
    const rows = useLiveQuery(() => tasks.where('rank').below([1]).limit(TOP_ROWS).toArray())
    return <List rows={rows ?? []} />
  }
  return {
    tree: inLists(given, Row),
    list: <Top />,
    retitle: (id, title) => void tasks.update(id, { title }),
    move: (id, createdAt) =>
      void tasks
        .where('id')
        .equals(id)
        .modify((row) => void Object.assign(row, ranked({ ...row, createdAt }))),
    retitleAll: (ids, title) =>
      void database.transaction('rw', tasks, () =>
        tasks
          .where('id')
          .anyOf([...ids])
          .modify({ title }),
      ),
    close: async () => database.close(),
  }
}
