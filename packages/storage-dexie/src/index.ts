/** The door of the package. Importing it touches no global and loads no Dexie; opening does. */
export { dexieStorage } from './storage.ts'
export type { DexieStorageOptions } from './storage.ts'
