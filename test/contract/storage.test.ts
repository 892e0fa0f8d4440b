/** The storage contract on the memory store, and on the Dexie store over a fake IndexedDB. */
import 'fake-indexeddb/auto'
import { memoryStorage } from '@countersign/core'
import { dexieFaults, dexieFixture } from './storage-dexie.ts'
import { storageContract } from './storage.ts'

storageContract('memory', () => {
  const storage = memoryStorage()
  return { storage, again: () => storage }
})

storageContract('dexie on a fake IndexedDB', dexieFixture, dexieFaults)
