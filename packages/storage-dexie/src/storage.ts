/**
 * `dexieStorage`: where the package meets the browser. Owns the check that there is a store to
 * be had, and the late loading of Dexie, which touches globals as soon as it is imported.
 */
import { type Storage, StorageError, type StorageHandle } from '@countersign/core/ports'
import type { DexieConstructor } from 'dexie'
import { toStorageError } from './errors.ts'
import { DexieHandle } from './handle.ts'

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
 * A store in the IndexedDB database `countersign/<name>`, shared by all tabs of the origin.
 * `open` rejects with a `StorageError`: `failed` where there is no IndexedDB (servers, some
 * private windows), `version` when newer code has upgraded the database.
 */
export function dexieStorage(name: string, options: DexieStorageOptions = {}): Storage {
  // Loading starts now and not at `open`, to be ready sooner; on a server it never does.
  if (factoryOf(options) !== undefined) loadDexie().catch(() => undefined)
  return {
    async open(onTrouble): Promise<StorageHandle> {
      const what = `Storage "${name}" did not open`
      const factory = factoryOf(options)
      if (factory === undefined) {
        throw new StorageError('failed', `${what}: there is no IndexedDB here.`)
      }
      try {
        return await DexieHandle.open(await loadDexie(), {
          name,
          databaseName: `countersign/${name}`,
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
