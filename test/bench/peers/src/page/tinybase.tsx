/** TinyBase with its React hooks. */
import { createStore } from 'tinybase'
import { Provider, useCell } from 'tinybase/ui-react'
import type { ReactNode } from 'react'
import { type MakeSide, inLists, tally } from '../../../browser/page/rows.tsx'

export const tinybaseSide: MakeSide = async (given) => {
  const store = createStore()
  store.transaction(() => {
    for (const { id, ...cells } of given) {
      store.setRow('tasks', id, cells)
    }
  })
  function Row({ id }: { readonly id: string }): ReactNode {
    tally.hit()
    return <li>{useCell('tasks', id, 'title') as string}</li>
  }
  const within = (child: ReactNode): ReactNode => <Provider store={store}>{child}</Provider>
  return {
    tree: within(inLists(given, Row)),
    // Its sorted ids are of one cell, and did not follow a rank of several that changed.
    list: null,
    retitle: (id, title) => void store.setCell('tasks', id, 'title', title),
    move: (id, createdAt) => void store.setCell('tasks', id, 'createdAt', createdAt),
    retitleAll: (ids, title) =>
      store.transaction(() => {
        for (const id of ids) store.setCell('tasks', id, 'title', title)
      }),
    close: async () => void store.delTables(),
  }
}
