/**
 * The layout of the database. Upgrades only add: a tab with older code closes its connection and
 * reports `version`, so it never reads a layout that it does not know.
 *
 *   segments  {order, key, kind, ids, text, check, rank?}  facts: one record a flush or a run
 *   outbox    {key}                                        facts: segments that wait for verdicts
 *   meta      value under its key                          facts: keys, sessions
 *   state     record under its name                        incarnation, advance, checkpoint's frame
 *   pages     {no, text, check} under its number           cache: the pages of the checkpoint
 *   keys      {text, check} under the number of its page   cache: read before the pages
 *
 * No index over `ids`: nothing reads one, and at 64 ids a segment it adds a third or more to the
 * cost of a flush. It can be added later without rewriting records.
 */
/** Increment it, and add a `version()` in connection.ts, when the layout changes. */
export const SCHEMA_VERSION = 2

/**
 * In Dexie's syntax: `++` auto-increments, `&` is unique, the empty string means an external key.
 */
export const stores: Readonly<Record<string, string>> = {
  segments: '++order, &key, rank',
  outbox: 'key',
  meta: '',
  state: '',
  pages: '',
  keys: '',
}

/**
 * Every transaction includes all of them, so that any two writes run in the order of their calls.
 */
export const storeNames: readonly string[] = Object.keys(stores)

/** Index over `rank`, which only tail segments have: other segments are not in it. */
export const RANK = 'rank'

/** Names of the records in `state`. */
export const INCARNATION = 'incarnation'
export const ADVANCE = 'advance'
export const CHECKPOINT = 'checkpoint'
