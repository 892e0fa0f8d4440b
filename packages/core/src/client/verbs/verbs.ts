/** The verbs of the store: each works when it is taken off it, as components do. */
import type { SyncStore } from '../store.ts'

/** What of a store is a function. */
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
  'migrate',
  'import',
  'read',
  'peek',
  'query',
  'live',
  'subscribe',
  'conflicts',
  'onRejected',
  'reauthor',
  'discard',
  'reset',
  'setOnline',
  'flushed',
  'close',
]
