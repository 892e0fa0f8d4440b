/**
 * What the browser says of the storage of an origin, and marks beside it in `localStorage`, which is
 * emptied with the site's data by a person, and not always with IndexedDB by the browser.
 */
import type { StorageCare, StorageOutlook } from '@countersign/core/ports'

/** The parts of `navigator.storage` that are used; browsers lack some of them. */
interface StorageManagerLike {
  readonly estimate?: () => Promise<{ readonly usage?: number; readonly quota?: number }>
  readonly persisted?: () => Promise<boolean>
  readonly persist?: () => Promise<boolean>
  readonly getDirectory?: () => Promise<unknown>
}

/** The care of the storages of that name. `asks`: whether the browser is asked to keep the data. */
export function browserCare(name: string, asks: boolean): StorageCare {
  return {
    look,
    persist: async () => (asks ? said(storageManager()?.persist) : undefined),
    marks: {
      get: (key) => marked((texts) => texts.getItem(keyOf(name, key))) ?? undefined,
      set: (key, text) => marked((texts) => texts.setItem(keyOf(name, key), text)),
      remove: (key) => marked((texts) => texts.removeItem(keyOf(name, key))),
    },
  }
}

function keyOf(name: string, key: string): string {
  return `countersign/${name}/${key}`
}

async function look(): Promise<StorageOutlook> {
  const manager = storageManager()
  const [estimate, isPersisted] = await Promise.all([
    said(manager?.estimate),
    said(manager?.persisted),
  ])
  return {
    usedBytes: estimate?.usage,
    quotaBytes: estimate?.quota,
    isPersisted,
    isPrivate: isPersisted === true ? false : await isPrivate(manager),
  }
}

/** Firefox and Safari refuse a file system to private windows. Chrome does not tell. */
async function isPrivate(manager: StorageManagerLike | undefined): Promise<boolean | undefined> {
  if (!manager?.getDirectory) return undefined
  try {
    await manager.getDirectory.call(manager)
    return undefined
  } catch {
    return true
  }
}

/** The answer of the browser; undefined where it has none, or refuses. */
async function said<T>(ask: (() => Promise<T>) | undefined): Promise<T | undefined> {
  try {
    return await ask?.call(storageManager())
  } catch {
    return undefined
  }
}

function storageManager(): StorageManagerLike | undefined {
  return typeof navigator === 'undefined' ? undefined : (navigator.storage as StorageManagerLike)
}

/** Reading the global throws where a site may store nothing, and writing where there is no space. */
function marked<T>(job: (texts: Storage) => T): T | undefined {
  try {
    return job(globalThis.localStorage)
  } catch {
    return undefined
  }
}
