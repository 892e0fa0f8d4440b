/**
 * `dexieStorage`: the entry of the package. Checks that IndexedDB is available, and loads Dexie
 * lazily, because importing it reads globals.
 */
import { type Storage, StorageError, type StorageHandle } from '@countersign/core/ports'
import type { DexieConstructor } from 'dexie'
import { browserCare } from './care.ts'
import { toStorageError } from './errors.ts'
import { DexieHandle } from './handle.ts'

/** Options of `dexieStorage`; each has a default. */
export interface DexieStorageOptions {
  /**
   * Request persistent storage after the first own message. Default: true. Chrome and Safari decide
   * silently, Firefox prompts the user.
   */
  readonly persist?: boolean
  /** Replaces the page's factory, for example by that of a storage bucket. */
  readonly indexedDB?: IDBFactory
}

/**
 * A storage in IndexedDB, shared by all tabs of the origin: one database for each partition (a person of
 * a space), named `countersign/<name>/<partition>`, so that their transactions and data loss are
 * independent.
 * `open` rejects with a `StorageError`: `failed` without IndexedDB (servers, some private
 * windows), `version` when newer code has upgraded the database.
 */
export function dexieStorage(name: string, options: DexieStorageOptions = {}): Storage {
  // Loading starts here, before `open`, to be ready sooner; a server never loads it.
  if (factoryOf(options) !== undefined) loadDexie().catch(() => undefined)
  return {
    care: browserCare(name, options.persist ?? true),
    async open(onTrouble, partition): Promise<StorageHandle> {
      const what = `Storage "${name}" did not open`
      const factory = factoryOf(options)
      if (factory === undefined) {
        throw new StorageError('failed', `${what}: there is no IndexedDB here.`)
      }
      try {
        return await DexieHandle.open(await loadDexie(), {
          name,
          databaseName: await databaseOf(`countersign/${name}`, partition, factory),
          factory,
          onTrouble,
        })
      } catch (error) {
        throw toStorageError(error, what)
      }
    },
  }
}

/** Without a partition, which only tools omit: the first database stored under the name. */
async function databaseOf(
  base: string,
  partition: string | undefined,
  factory: IDBFactory,
): Promise<string> {
  if (partition !== undefined) return `${base}/${partition}`
  const names = (await factory.databases()).map((database) => database.name ?? '')
  return names.sort().find((name) => name === base || name.startsWith(`${base}/`)) ?? base
}

async function loadDexie(): Promise<DexieConstructor> {
  const { Dexie } = await import('dexie')
  return Dexie
}

/** Reading the global may throw in frames without an origin. */
function factoryOf(options: DexieStorageOptions): IDBFactory | undefined {
  try {
    return options.indexedDB ?? globalThis.indexedDB
  } catch {
    return undefined
  }
}
