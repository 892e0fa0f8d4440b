/**
 * Floor of the cold start: rows in a table of Dexie with an index in the order of the open query,
 * so that a page reads only the rows it shows.
 */
import { Dexie, type Table } from 'dexie'
import type { TaskRow } from '../data.ts'

interface Ranked extends TaskRow {
  /** Sorts as the open query does. */
  readonly rank: readonly [done: number, urgency: number, createdAt: number, id: string]
}

const TRANSACTION_ROWS_MAX = 500

async function openTable(name: string): Promise<Table<Ranked, string>> {
  const database = new Dexie(name, { chromeTransactionDurability: 'strict' })
  database.version(1).stores({ rows: 'id, rank' })
  await database.open()
  return database.table('rows')
}

export async function fillRanked(name: string, rows: readonly TaskRow[]): Promise<void> {
  const table = await openTable(name)
  const ranked = rows.map((row): Ranked => {
    const { id, done, priority, createdAt } = row
    return { ...row, rank: [done ? 1 : 0, -priority, createdAt, id] }
  })
  for (let from = 0; from < ranked.length; from += TRANSACTION_ROWS_MAX) {
    await table.bulkPut(ranked.slice(from, from + TRANSACTION_ROWS_MAX))
  }
}

export async function firstRanked(name: string, limit: number): Promise<readonly TaskRow[]> {
  const table = await openTable(name)
  return table.where('rank').below([1]).limit(limit).toArray()
}
