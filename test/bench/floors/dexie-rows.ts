/** Floor *dexie*: rows in a table of Dexie, in strict transactions of at most 500 rows. */
import { Dexie, type Table } from 'dexie'
import type { TaskRow } from '../data.ts'
import type { Persister } from './row-store.ts'

const TRANSACTION_ROWS_MAX = 500

export async function dexieRows(name: string): Promise<Persister> {
  const database = new Dexie(name, { chromeTransactionDurability: 'strict' })
  database.version(1).stores({ rows: 'id' })
  await database.open()
  const table: Table<TaskRow, string> = database.table('rows')
  let last: Promise<unknown> = Promise.resolve()
  return {
    add(rows) {
      for (let from = 0; from < rows.length; from += TRANSACTION_ROWS_MAX) {
        const part = rows.slice(from, from + TRANSACTION_ROWS_MAX)
        last = last.then(() => table.bulkPut(part))
      }
    },
    async settled() {
      await last
    },
    read: () => table.toArray(),
    close: () => database.close(),
  }
}
