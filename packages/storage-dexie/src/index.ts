/** The door of the package. Importing it reads no global and does not load Dexie; opening does. */
export { dexieStorage } from './storage.ts'
export type { DexieStorageOptions } from './storage.ts'
