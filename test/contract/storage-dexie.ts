/**
 * The Dexie adapter under the storage contract: fresh databases, and writes torn by a store
 * that throws. Runs on any IndexedDB, real or fake.
 */
import { dexieStorage } from '@countersign/storage-dexie'
import type { StorageFaults, StorageFixture } from './storage-kit.ts'

let made = 0

export function dexieFixture(): StorageFixture {
  const name = `contract-${crypto.randomUUID()}-${made++}`
  // Never ask for persistence: a question to nobody in particular.
  const again = () => dexieStorage(name, { persist: false })
  return { storage: again(), again }
}

export const dexieFaults: StorageFaults = {
  tearWriteAfter(records) {
    const stores = IDBObjectStore.prototype
    const add: IDBObjectStore['add'] = Reflect.get(stores, 'add')
    const put: IDBObjectStore['put'] = Reflect.get(stores, 'put')
    let left = records
    const count = (): void => {
      if (left-- === 0) throw new DOMException('The disk is full.', 'QuotaExceededError')
    }
    stores.add = function (...args) {
      count()
      return add.apply(this, args)
    }
    stores.put = function (...args) {
      count()
      return put.apply(this, args)
    }
    return () => Object.assign(stores, { add, put })
  },
}
