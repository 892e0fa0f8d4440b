/** The verbs of the store. The store binds each, so that components may destructure them. */
import type { SyncStore } from '../store.ts'

/** The names of the store's methods. */
type Verb = {
  [K in keyof SyncStore]: SyncStore[K] extends (...args: never[]) => unknown ? K : never
}[keyof SyncStore]

export const VERBS: readonly Verb[] = [
  'create',
  'update',
  'resolve',
  'archive',
  'restore',
  'transact',
  'undo',
  'redo',
  'history',
  'erase',
  'migrate',
  'import',
  'read',
  'peek',
  'query',
  'live',
  'follow',
  'fetch',
  'subscribe',
  'conflicts',
  'onRejected',
  'reauthor',
  'discard',
  'export',
  'importUnsent',
  'reset',
  'isMine',
  'setAuth',
  'rotate',
  'signOut',
  'setOnline',
  'flushed',
  'close',
]
