/** The storage contract on the Dexie store in a real browser. */
import { dexieFaults, dexieFixture } from './storage-dexie.ts'
import { storageContract } from './storage.ts'

storageContract('dexie in a browser', dexieFixture, dexieFaults)
