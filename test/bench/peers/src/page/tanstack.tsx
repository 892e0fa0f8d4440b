/** TanStack DB: a local collection, live queries by its hook. */
import { createCollection, eq, localOnlyCollectionOptions } from '@tanstack/db'
import { useLiveQuery } from '@tanstack/react-db'
import type { ReactNode } from 'react'
import type { TaskRow } from '../../../data.ts'
import { List, type MakeSide, TOP_ROWS, inLists, tally } from '../../../browser/page/rows.tsx'

type Draft = { -readonly [Key in keyof TaskRow]: TaskRow[Key] }

export const tanstackSide: MakeSide = async (given) => {
  const tasks = createCollection(
    localOnlyCollectionOptions({ getKey: (row: TaskRow) => row.id, initialData: [...given] }),
  )
  function Row({ id }: { readonly id: string }): ReactNode {
    tally.hit()
    const { data } = useLiveQuery(
      (q) => q.from({ task: tasks }).where(({ task }) => eq(task.id, id)),
      [id],
    )
    return <li>{(data as TaskRow[])[0]?.title}</li>
  }
  function Top(): ReactNode {
    const { data } = useLiveQuery((q) =>
      q
        .from({ task: tasks })
        .where(({ task }) => eq(task.done, false))
        .orderBy(({ task }) => task.priority, 'desc')
        .orderBy(({ task }) => task.createdAt)
        .limit(TOP_ROWS),
    )
    return <List rows={data as TaskRow[]} />
  }
  const change = (ids: string | string[], patch: Partial<TaskRow>): void => {
    if (typeof ids === 'string') tasks.update(ids, (draft) => void Object.assign(draft, patch))
    else {
      tasks.update(ids, (drafts) => {
        for (const draft of drafts as Draft[]) Object.assign(draft, patch)
      })
    }
  }
  return {
    tree: inLists(given, Row),
    list: <Top />,
    retitle: (id, title) => change(id, { title }),
    move: (id, createdAt) => change(id, { createdAt }),
    retitleAll: (ids, title) => change([...ids], { title }),
    close: () => tasks.cleanup(),
  }
}
