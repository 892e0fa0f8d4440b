/** TinyBase with its React hooks; its sorted ids are of a single cell, so rows carry a rank. */
import { createStore } from 'tinybase'
import { Provider, useCell, useSortedRowIds } from 'tinybase/ui-react'
import type { ReactNode } from 'react'
import type { TaskRow } from '../../../data.ts'
import { type MakeSide, TOP_ROWS, inLists, tally } from '../../../browser/page/rows.tsx'

const DATES = 4e12

/** Sorts as the open query does; rows that are done come last. */
function rankOf({ done, priority, createdAt }: TaskRow): number {
  return ((done ? 10 : 0) + 9 - priority) * DATES + createdAt
}

export const tinybaseSide: MakeSide = async (given) => {
  const store = createStore()
  store.transaction(() => {
    for (const row of given) {
      const { id, ...cells } = row
      store.setRow('tasks', id, { ...cells, rank: rankOf(row) })
    }
  })
  function Row({ id }: { readonly id: string }): ReactNode {
    tally.hit()
    return <li>{useCell('tasks', id, 'title') as string}</li>
  }
  function Item({ id }: { readonly id: string }): ReactNode {
    return <li>{useCell('tasks', id, 'title') as string}</li>
  }
  function Top(): ReactNode {
    const ids = useSortedRowIds('tasks', 'rank', false, 0, TOP_ROWS)
    return (
      <ol>
        {ids.map((id) => (
          <Item key={id} id={id} />
        ))}
      </ol>
    )
  }
  const within = (child: ReactNode): ReactNode => <Provider store={store}>{child}</Provider>
  return {
    tree: within(inLists(given, Row)),
    list: within(<Top />),
    retitle: (id, title) => void store.setCell('tasks', id, 'title', title),
    move: (id, createdAt) =>
      void store.transaction(() => {
        store.setCell('tasks', id, 'createdAt', createdAt)
        const row = { ...store.getRow('tasks', id), id } as unknown as TaskRow
        store.setCell('tasks', id, 'rank', rankOf(row))
      }),
    retitleAll: (ids, title) =>
      void store.transaction(() => ids.forEach((id) => store.setCell('tasks', id, 'title', title))),
    close: async () => void store.delTables(),
  }
}
