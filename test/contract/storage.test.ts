/** The storage contract on the memory store, on the Dexie store over a fake IndexedDB, and encrypted. */
import 'fake-indexeddb/auto'
import { memoryStorage } from '@countersign/core'
import { encryptedStorage, newKey } from '@countersign/encryption'
import { dexieFaults, dexieFixture } from './storage-dexie.ts'
import { storageContract } from './storage.ts'

storageContract('memory', () => {
  const storage = memoryStorage()
  return { storage, again: () => storage }
})

storageContract('dexie on a fake IndexedDB', dexieFixture, dexieFaults)

storageContract('encrypted', () => {
  const inner = memoryStorage()
  const key = newKey()
  return { storage: encryptedStorage(inner, key), again: () => encryptedStorage(inner, key) }
})
