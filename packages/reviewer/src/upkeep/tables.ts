/** The tables of a space's file: their rows and sizes, and what SQLite finds of damage. */
import type { DatabaseSync } from 'node:sqlite'
import { storeError } from '../store/sqlite-file.ts'
import { openSpaceFile, readSpaceFile } from '../store/space-file.ts'

const TABLES = [
  ...['batches', 'seals', 'sessions', 'authors', 'ledger', 'rejections', 'states', 'keys'],
  ...['changes', 'meta'],
] as const

/** A table with its rows, and the bytes of its pages and those of its indexes. */
export interface TableSize {
  readonly rows: number
  /** undefined where this SQLite does not count pages. */
  readonly bytes: number | undefined
}

/** What a file has, in numbers. */
export interface FileTables {
  readonly tables: Readonly<Record<string, TableSize>>
  /** Number of entities, by type. */
  readonly entities: Readonly<Record<string, number>>
}

/** Counts rows and pages. Reads the whole file. */
export function tablesOf(file: string): FileTables {
  return reading(file, (db) => {
    const bytes = bytesByTable(db)
    const sizes = TABLES.map((table): [string, TableSize] => {
      const { rows } = db.prepare(`select count(*) as rows from ${table}`).get() as { rows: number }
      return [table, { rows, bytes: bytes?.get(table) ?? (bytes && 0) }]
    })
    const types = db
      .prepare('select type, count(*) as count from states group by type order by type')
      .all() as unknown as readonly { readonly type: string; readonly count: number }[]
    return {
      tables: Object.fromEntries(sizes),
      entities: Object.fromEntries(types.map(({ type, count }) => [type, count])),
    }
  })
}

/** What SQLite itself finds of damage in a file: pages, order, indexes. */
export function damageOf(file: string): readonly string[] {
  return reading(file, (db) => {
    const found = db.prepare('pragma integrity_check(100)').all() as unknown as readonly {
      readonly integrity_check: string
    }[]
    return found.map((row) => row.integrity_check).filter((text) => text !== 'ok')
  })
}

/** Writes SQLite's log into the file, then writes the file again without unused pages. */
export function compactFile(file: string): void {
  let db: DatabaseSync | undefined
  try {
    db = openSpaceFile(file)
    db.exec('vacuum; pragma optimize; pragma wal_checkpoint(truncate)')
  } catch (error) {
    throw storeError(error, file)
  } finally {
    db?.close()
  }
}

function bytesByTable(db: DatabaseSync): ReadonlyMap<string, number> | undefined {
  try {
    const rows = db
      .prepare(
        `select s.tbl_name as name, sum(d.pgsize) as bytes from dbstat d
         join sqlite_schema s on s.name = d.name where d.aggregate = true group by s.tbl_name`,
      )
      .all() as unknown as readonly { readonly name: string; readonly bytes: number }[]
    return new Map(rows.map(({ name, bytes }) => [name, bytes]))
  } catch {
    return undefined // SQLite without `dbstat`
  }
}

function reading<T>(file: string, step: (db: DatabaseSync) => T): T {
  const db = readSpaceFile(file)
  try {
    return step(db)
  } catch (error) {
    throw storeError(error, file)
  } finally {
    db.close()
  }
}
