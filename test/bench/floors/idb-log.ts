/**
 * Floor *log*: one record a group appended to a log in IndexedDB, with its entry in the outbox,
 * in one strict transaction; read in bulk.
 */
import type { TaskRow } from '../data.ts'
import type { Persister } from './row-store.ts'

export async function idbLog(name: string): Promise<Persister> {
  const database = await openDatabase(name)
  const running = new Set<Promise<void>>()
  let groups = 0
  return {
    add(rows) {
      const done = append(database, `${crypto.randomUUID().slice(0, 8)}:${++groups}`, rows)
      running.add(done)
      void done.finally(() => running.delete(done))
    },
    async settled() {
      await Promise.all(running)
    },
    async read() {
      const texts = await answer<{ text: string }[]>(
        database.transaction('log').objectStore('log').getAll(),
      )
      const rows = new Map<string, TaskRow>()
      for (const { text } of texts) {
        for (const row of JSON.parse(text) as TaskRow[]) rows.set(row.id, row)
      }
      return [...rows.values()]
    },
    close: () => database.close(),
  }
}

function openDatabase(name: string): Promise<IDBDatabase> {
  const opening = indexedDB.open(name, 1)
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore('log', { autoIncrement: true })
    opening.result.createObjectStore('outbox', { keyPath: 'key' })
  }
  return answer(opening)
}

function append(database: IDBDatabase, key: string, rows: readonly TaskRow[]): Promise<void> {
  const transaction = database.transaction(['log', 'outbox'], 'readwrite', { durability: 'strict' })
  transaction.objectStore('log').add({ key, text: JSON.stringify(rows) })
  transaction.objectStore('outbox').put({ key })
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error ?? new Error('aborted'))
  })
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error('failed'))
  })
}
