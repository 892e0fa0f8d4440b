/**
 * `dexieStorage`: where the package meets the browser. Owns the check that there is a store to
 * be had, and the late loading of Dexie, which touches globals as soon as it is imported.
 */
import { type Storage, StorageError, type StorageHandle } from '@countersign/core/ports'
import type { DexieConstructor } from 'dexie'
import { toStorageError } from './errors.ts'
import { DexieHandle } from './handle.ts'

/** What `dexieStorage` takes; all of it has a default. */
export interface DexieStorageOptions {
  /**
   * Ask the browser, once something was written, to keep the data under pressure; true unless
   * said otherwise. Chrome and Safari decide silently, Firefox asks the person.
   */
  readonly persist?: boolean
  /** Another factory than the page's, for example that of a storage bucket. */
  readonly indexedDB?: IDBFactory
}

/**
 * A store in IndexedDB, shared by all tabs of the origin: one database a space, called
 * `countersign/<name>/<space>`, so that their transactions and their loss are apart as well.
 * `open` rejects with a `StorageError`: `failed` where there is no IndexedDB (servers, some
 * private windows), `version` when newer code has upgraded the database.
 */
export function dexieStorage(name: string, options: DexieStorageOptions = {}): Storage {
  // Loading starts now and not at `open`, to be ready sooner; on a server it never does.
  if (factoryOf(options) !== undefined) loadDexie().catch(() => undefined)
  return {
    async open(onTrouble, space): Promise<StorageHandle> {
      const what = `Storage "${name}" did not open`
      const factory = factoryOf(options)
      if (factory === undefined) {
        throw new StorageError('failed', `${what}: there is no IndexedDB here.`)
      }
      try {
        return await DexieHandle.open(await loadDexie(), {
          name,
          databaseName: await databaseOf(`countersign/${name}`, space, factory),
          factory,
          persist: options.persist ?? true,
          onTrouble,
        })
      } catch (error) {
        throw toStorageError(error, what)
      }
    },
  }
}

/** Without a space: that of the first one that is kept under the name, as a tool wants it. */
async function databaseOf(
  base: string,
  space: string | undefined,
  factory: IDBFactory,
): Promise<string> {
  if (space !== undefined) return `${base}/${space}`
  const names = (await factory.databases()).map((database) => database.name ?? '')
  return names.sort().find((name) => name === base || name.startsWith(`${base}/`)) ?? base
}

async function loadDexie(): Promise<DexieConstructor> {
  const { Dexie } = await import('dexie')
  return Dexie
}

/** Reading the global may throw, in frames without an origin. */
function factoryOf(options: DexieStorageOptions): IDBFactory | undefined {
  try {
    return options.indexedDB ?? globalThis.indexedDB
  } catch {
    return undefined
  }
}
