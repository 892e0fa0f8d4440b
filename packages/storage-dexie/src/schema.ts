/**
 * The layout of the database, in one place. Upgrades only add: a tab with older code closes its
 * connection and is told, it never meets a layout that it would misread.
 *
 *   segments  {order, key, kind, ids, text, check, rank?}  facts: one record a flush or a run
 *   outbox    {key}                                        facts: segments that wait for verdicts
 *   meta      value under its key                          facts: keys, sessions
 *   state     record under its name                        incarnation, advance, checkpoint's frame
 *   pages     {no, text, check} under its number           cache: the pages of the checkpoint
 *
 * No index over `ids`: nothing reads one, and at 64 ids a segment it adds a third or more to the
 * cost of a flush. It can be added later without touching what is stored.
 */
import type { StoredCheckpoint } from '@countersign/core/ports'

/** Raise it, and add a `version()` in connection.ts, when the layout grows. */
export const SCHEMA_VERSION = 1

/** In Dexie's words: `++` counts up, `&` is unique, the empty string takes the key apart. */
export const stores: Readonly<Record<string, string>> = {
  segments: '++order, &key, rank',
  outbox: 'key',
  meta: '',
  state: '',
  pages: '',
}

/** Every transaction spans all of them, so that any two writes run in the order of their calls. */
export const storeNames: readonly string[] = Object.keys(stores)

/** Index over `rank`, which only tail segments have: others are not in it and cost nothing. */
export const RANK = 'rank'

/** Names of the records in `state`. */
export const INCARNATION = 'incarnation'
export const ADVANCE = 'advance'
export const CHECKPOINT = 'checkpoint'

/** What `state` keeps of a checkpoint; its pages are records of their own. */
export type CheckpointFrame = Omit<StoredCheckpoint, 'pages'>
