/**
 * Spaces in a folder, each in a SQLite file of its own, with a maximum of open files. A handle is only
 * a name: its first call opens the file, and the least recently used file is closed when another is
 * needed. So only open files cost memory, also with thousands of spaces.
 *
 *   handle ─▶ (closed) ── first call ──▶ (open) ── least recently used, or a failure ──▶ (closed)
 *
 * Closing a file only loses the page cache, so it is always safe. After a disk error the file is
 * closed, too: the next call reads the state on disk.
 *
 * Commits run on the caller's thread; `append` yields to the sockets before it resolves, so that the
 * next commit includes all messages that arrived meanwhile.
 */
import { join, resolve } from 'node:path'
import { InvariantError, spacesOver } from '@countersign/core/ports'
import type { Run, SpaceStores, SpaceTables } from '@countersign/core/ports'
import { StoreError } from './errors.ts'
import { SqliteTables } from './space-tables.ts'
import { storeError } from './sqlite-file.ts'

/** The options of `sqliteSpaces`: how many files are open at a time, and for what. */
export interface SqliteSpacesOptions {
  /** Maximum open files, without scans. Each has up to 2 MiB of pages in memory. */
  readonly openFilesMax?: number
  /** Only reads, and creates nothing: a space without a file cannot be opened. Default: false. */
  readonly readOnly?: boolean
}

const OPEN_FILES_MAX = 64
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Stores in `folder`, which the first call creates if missing. */
export function sqliteSpaces(folder: string, options: SqliteSpacesOptions = {}): SpaceStores {
  const files = new SpaceFiles(resolve(folder), options)
  return spacesOver(
    (space) => files.runOf(space),
    (space) => files.close(space),
  )
}

/** The LRU cache of open files. */
class SpaceFiles {
  readonly #folder: string
  readonly #openFilesMax: number
  readonly #isReadOnly: boolean
  /** Least recently used first. */
  readonly #files = new Map<string, SqliteTables>()

  constructor(folder: string, options: SqliteSpacesOptions) {
    this.#folder = folder
    this.#openFilesMax = options.openFilesMax ?? OPEN_FILES_MAX
    this.#isReadOnly = options.readOnly ?? false
  }

  /** Returns the runner of a space. Throws a `StoreError` for anything else than a lower-case uuid. */
  runOf(space: string): Run {
    if (!UUID.test(space))
      throw new StoreError('failed', `${JSON.stringify(space)} is not a space id`)
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
      throw storeError(error, fileOf(this.#folder, space))
    }
  }

  #use(space: string): SqliteTables {
    const open = this.#files.get(space)
    if (open !== undefined) {
      this.#files.delete(space)
      this.#files.set(space, open)
      return open
    }
    const tables = new SqliteTables(fileOf(this.#folder, space), space, this.#isReadOnly)
    this.#files.set(space, tables)
    for (const oldest of this.#files.keys()) {
      if (this.#files.size <= this.#openFilesMax) break
      this.close(oldest)
    }
    return tables
  }
}

/** The path of a space's file in a folder of spaces: in one of 256 subfolders. */
export function fileOf(folder: string, space: string): string {
  return join(folder, space.slice(0, 2), `${space}.sqlite`)
}
