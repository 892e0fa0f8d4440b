/**
 * Spaces in a folder, each in a SQLite file of its own, of which only so many are open at a time.
 * A handle is no more than a name: the first call opens the file, and a file that was not used
 * for longest is closed when another is needed. So thousands of spaces cost what the open ones do.
 *
 *   handle ─▶ (closed) ── first call ──▶ (open) ── least recently used, or a failure ──▶ (closed)
 *
 * Nothing but the page cache is lost by closing a file, so it is always legal. After a failure of
 * the disk the file is closed as well: the next call reads what the disk holds.
 *
 * Commits run on the caller's thread; `append` lets the sockets be read before it resolves, so
 * that the next commit holds all that came in meanwhile.
 */
import { join, resolve } from 'node:path'
import { InvariantError, spacesOver } from '@countersign/core/ports'
import type { Run, SpaceStores, SpaceTables } from '@countersign/core/ports'
import { StoreError } from './errors.ts'
import { SqliteTables } from './space-tables.ts'
import { storeError } from './sqlite-file.ts'

/** What `sqliteSpaces` takes beside its folder. */
export interface SqliteSpacesOptions {
  /** How many files are open at a time, scans aside. Each has up to 2 MiB of pages in memory. */
  readonly openFilesMax?: number
}

const OPEN_FILES_MAX = 64
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Stores in `folder`, which is made by the first call if it is missing. */
export function sqliteSpaces(folder: string, options: SqliteSpacesOptions = {}): SpaceStores {
  const files = new SpaceFiles(resolve(folder), options.openFilesMax ?? OPEN_FILES_MAX)
  return spacesOver(
    (space) => files.runOf(space),
    (space) => files.close(space),
  )
}

/** The open files, and which of them to close. */
class SpaceFiles {
  readonly #folder: string
  readonly #openFilesMax: number
  /** The least recently used first. */
  readonly #files = new Map<string, SqliteTables>()

  constructor(folder: string, openFilesMax: number) {
    this.#folder = folder
    this.#openFilesMax = openFilesMax
  }

  /** Throws a `StoreError` for what is no lower-case uuid. */
  runOf(space: string): Run {
    if (!UUID.test(space)) throw new StoreError('failed', `${JSON.stringify(space)} is no space id`)
    return async (kind, step) => {
      const result = this.#step(space, step)
      if (kind === 'write') await new Promise(setImmediate)
      return result
    }
  }

  close(space: string): void {
    const tables = this.#files.get(space)
    this.#files.delete(space)
    tables?.close()
  }

  #step<T>(space: string, step: (tables: SpaceTables) => T): T {
    try {
      return step(this.#use(space))
    } catch (error) {
      if (error instanceof InvariantError) throw error
      this.close(space)
      throw storeError(error, this.#fileOf(space))
    }
  }

  #use(space: string): SqliteTables {
    const open = this.#files.get(space)
    if (open !== undefined) {
      this.#files.delete(space)
      this.#files.set(space, open)
      return open
    }
    const tables = new SqliteTables(this.#fileOf(space), space)
    this.#files.set(space, tables)
    for (const oldest of this.#files.keys()) {
      if (this.#files.size <= this.#openFilesMax) break
      this.close(oldest)
    }
    return tables
  }

  /** Folders of at most some hundred files each, however many spaces there are. */
  #fileOf(space: string): string {
    return join(this.#folder, space.slice(0, 2), `${space}.sqlite`)
  }
}
