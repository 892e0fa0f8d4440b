/** Stores in memory of the peers, used as their documents have it. */
import {
  createCollection,
  createLiveQueryCollection,
  eq,
  localOnlyCollectionOptions,
} from '@tanstack/db'
import { Store } from '@tldraw/store'
import { createIndexes, createStore } from 'tinybase'
import * as Y from 'yjs'
import type { TaskRow } from '../../../data.ts'
import type { StorePeer, StorePeers } from '../../../node/peers.ts'
import { Task, type TaskRecord, schema } from '../net/tldraw-schema.ts'

function tinybase(): StorePeer {
  const store = createStore()
  const indexes = createIndexes(store)
  indexes.setIndexDefinition('byOwner', 'tasks', 'ownerId', 'createdAt')
  const create = ({ id, ...cells }: TaskRow): void => void store.setRow('tasks', id, { ...cells })
  const get = (id: string): TaskRow => ({ id, ...store.getRow('tasks', id) }) as unknown as TaskRow
  return {
    create,
    createMany: (rows) => store.transaction(() => rows.forEach(create)),
    get,
    retitle: (id, title) => void store.setCell('tasks', id, 'title', title),
    all: () => store.getRowIds('tasks').map(get),
    // Its slices are lists of ids: the rows are read one by one by the code that shows them.
    live: (ownerId, onChange) => {
      const rows = (): { id: string }[] =>
        indexes.getSliceRowIds('byOwner', ownerId).map((id) => ({ id }))
      store.addRowListener('tasks', null, (_, __, id) => {
        if (store.getCell('tasks', id, 'ownerId') === ownerId && rows().length > 0) onChange()
      })
      return { rows }
    },
    close: () => void store.delTables(),
  }
}

function tanstack(): StorePeer {
  const collection = createCollection(
    localOnlyCollectionOptions({ getKey: (row: TaskRow) => row.id }),
  )
  const plain = ({ id, title, done, priority, ownerId, createdAt }: TaskRow): TaskRow => ({
    ...{ id, title, done, priority, ownerId, createdAt },
  })
  let live: { readonly toArray: unknown[]; cleanup(): unknown } | undefined
  return {
    create: (row) => void collection.insert(row),
    createMany: (rows) => void collection.insert([...rows]),
    get: (id) => {
      const row = collection.get(id)
      return row && plain(row)
    },
    retitle: (id, title) =>
      void collection.update(id, (draft) => void ((draft as { title: string }).title = title)),
    all: () => collection.toArray.map(plain),
    live: (ownerId, onChange) => {
      collection.createIndex((row) => row.ownerId)
      const made = createLiveQueryCollection({
        startSync: true,
        query: (q) =>
          q
            .from({ task: collection })
            .where(({ task }) => eq(task.ownerId, ownerId))
            .orderBy(({ task }) => task.createdAt),
      })
      made.subscribeChanges(() => {
        if (made.toArray.length > 0) onChange()
      })
      live = made
      return { rows: () => made.toArray as { id: string }[] }
    },
    close: () => void live?.cleanup(),
  }
}

function yjs(): StorePeer {
  const doc = new Y.Doc()
  const rows = doc.getMap<Y.Map<unknown>>('tasks')
  const create = (row: TaskRow): void => void rows.set(row.id, new Y.Map(Object.entries(row)))
  const get = (id: string): TaskRow | undefined => rows.get(id)?.toJSON() as TaskRow | undefined
  return {
    create,
    createMany: (list) => doc.transact(() => list.forEach(create)),
    get,
    retitle: (id, title) => void rows.get(id)!.set('title', title),
    all: () => [...rows.values()].map((fields) => fields.toJSON() as TaskRow),
    close: () => doc.destroy(),
  }
}

function tldraw(): StorePeer {
  const store = new Store<TaskRecord, void>({ schema, props: undefined })
  const record = ({ id, ...row }: TaskRow): TaskRecord =>
    Task.create({ ...row, id: Task.createId(id) })
  const plain = ({ id, title, done, priority, ownerId, createdAt }: TaskRecord): TaskRow => ({
    ...{ id: id.slice('task:'.length), title, done, priority, ownerId, createdAt },
  })
  return {
    create: (row) => store.put([record(row)]),
    createMany: (rows) => store.put(rows.map(record)),
    get: (id) => {
      const found = store.get(Task.createId(id))
      return found && plain(found)
    },
    retitle: (id, title) => store.update(Task.createId(id), (row) => ({ ...row, title })),
    all: () => store.allRecords().map(plain),
    close: () => store.dispose(),
  }
}

export const STORES: StorePeers = { tinybase, tanstack, yjs, tldraw }
