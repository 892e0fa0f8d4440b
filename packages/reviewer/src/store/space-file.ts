/**
 * The database file of one space: opens it, rejects files of other programs, and creates its tables.
 *
 * One file a space: spaces are deleted, moved and backed up separately, damage is confined to one,
 * and a closed file costs nothing. Several processes may have a space open; the fence decides which
 * commits succeed, and SQLite's locks make each commit atomic.
 *
 * Texts are the last column of their row, so that reading other columns does not read their pages.
 * `sum` is a checksum over the key and all other columns, `way` excepted, which with `keys` only finds states. Deleted and replaced data are overwritten
 * with zeros (`secure_delete`), because they may have been replaced to erase them.
 */
import { closeSync, existsSync, fsyncSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StoreError } from './errors.ts'
import { makeFile, pragma, storeError } from './sqlite-file.ts'

/** `PRAGMA application_id` of a space's database: "CSsp". */
const APPLICATION_ID = 0x43_53_73_70
/** `PRAGMA user_version`: the version of the tables below. */
export const SPACE_SCHEMA_VERSION: number = 1
/** How long a commit blocks its thread for a commit of another process. */
export const BUSY_MS_MAX: number = 2_000
/** SQLite's page cache for one open file, in KiB. */
const CACHE_KIB = 2_048
/** The size to which a grown log is truncated, in bytes. */
const LOG_BYTES_MAX = 8 * 1_024 * 1_024

const SCHEMA = `
  create table head (
    one integer primary key check (one = 1), epoch integer not null, seq integer not null,
    commits integer not null, sessions integer not null, sum text not null, text text not null
  ) strict;
  create table behind (
    one integer primary key check (one = 1), through integer not null, entities integer not null,
    sum text not null
  ) strict;
  create table batches (
    from_seq integer primary key, to_seq integer not null, sum text not null, text text not null
  ) strict;
  create table seals (
    from_seq integer primary key, to_seq integer not null, sum text not null, text text not null
  ) strict;
  create table sessions (
    no integer primary key, session_id text not null unique, sum text not null, text text not null
  ) strict;
  create table authors (
    no integer primary key, author_id text not null unique, sum text not null, text text not null
  ) strict;
  create index authors_by_text on authors (text, no);
  create table revocations (key text primary key, sum text not null, text text not null) strict;
  create table ledger (
    session_no integer not null, client_seq integer not null, count integer not null,
    seq integer not null, sum text not null, primary key (session_no, client_seq)
  ) strict, without rowid;
  create table rejections (
    no integer primary key, msg_id text not null unique, session_no integer not null,
    client_seq integer not null, sum text not null, text text not null,
    unique (session_no, client_seq)
  ) strict;
  create table states (
    no integer primary key, entity text not null unique, type text not null,
    seq integer not null, way text not null, sum text not null, text text not null
  ) strict;
  create index states_by_type on states (type);
  create index states_by_way on states (type, way);
  create table keys (
    type text not null, key text not null, entity_no integer not null,
    primary key (type, key, entity_no)
  ) strict, without rowid;
  create index keys_of_entity on keys (entity_no);
  create table changes (
    entity_no integer not null, seq integer not null, sum text not null, text text not null,
    primary key (entity_no, seq)
  ) strict, without rowid;
  create table meta (key text primary key, sum text not null, value text not null) strict;
  pragma application_id = ${APPLICATION_ID};
  pragma user_version = ${SPACE_SCHEMA_VERSION};
`

/** The settings of a connection, with the values that must be read back. */
const SETTINGS: readonly (readonly [name: string, value: string, read: string | number])[] = [
  ['journal_mode', 'wal', 'wal'],
  ['synchronous', 'full', 2],
  ['fullfsync', 'on', 1],
  ['checkpoint_fullfsync', 'on', 1],
  ['secure_delete', 'on', 1],
  ['journal_size_limit', String(LOG_BYTES_MAX), LOG_BYTES_MAX],
  ['cache_size', String(-CACHE_KIB), -CACHE_KIB],
]

/** Opens a file, or creates it. Throws a one-line `StoreError`. */
export function openSpaceFile(file: string): DatabaseSync {
  const isNew = !existsSync(file)
  makeFile(file)
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(file, { enableForeignKeyConstraints: false, timeout: BUSY_MS_MAX })
    db.exec('pragma trusted_schema = off')
    // Checked before the first write to the file.
    checkOwner(db, file)
    for (const [name, value] of SETTINGS) db.exec(`pragma ${name} = ${value}`)
    for (const [name, , read] of SETTINGS) {
      const answer: unknown = pragma(db, name)
      if (answer !== read) {
        throw new StoreError('failed', `${file}: ${name} is ${String(answer)} and must be ${read}`)
      }
    }
    makeTables(db, file)
    if (isNew) syncFolders(file)
    return db
  } catch (error) {
    db?.close()
    throw storeError(error, file)
  }
}

/** Opens a file that exists, to read it. Throws a one-line `StoreError`. */
export function readSpaceFile(file: string): DatabaseSync {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS_MAX })
    db.exec(`pragma trusted_schema = off; pragma cache_size = ${-CACHE_KIB}`)
    if (checkOwner(db, file)) throw new StoreError('not_ours', `${file} is an empty database`)
    return db
  } catch (error) {
    db?.close()
    throw storeError(error, file)
  }
}

/** A second connection, for a scan, with a snapshot of the file until it is closed. */
export function openSnapshot(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS_MAX })
  try {
    db.exec(`pragma trusted_schema = off; pragma cache_size = ${-CACHE_KIB}; begin`)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** Syncs the two parent folders, without which a new file is not durable. */
export function syncFolders(file: string): void {
  if (process.platform === 'win32') return // Folders cannot be opened there.
  for (const folder of [dirname(file), dirname(dirname(file))]) {
    const opened = openSync(folder, 'r')
    try {
      fsyncSync(opened)
    } finally {
      closeSync(opened)
    }
  }
}

/** Creates the tables, unless another process has created them meanwhile. */
function makeTables(db: DatabaseSync, file: string): void {
  if (!checkOwner(db, file)) return
  db.exec('begin immediate')
  try {
    if (checkOwner(db, file)) db.exec(SCHEMA)
    db.exec('commit')
  } catch (error) {
    db.exec('rollback')
    throw error
  }
}

/** Returns true for an empty database. Throws for one that this version must not change. */
function checkOwner(db: DatabaseSync, file: string): boolean {
  const application = pragma(db, 'application_id')
  const version = pragma(db, 'user_version')
  if (application === APPLICATION_ID && version === SPACE_SCHEMA_VERSION) return false
  const { tables } = db.prepare('select count(*) as tables from sqlite_schema').get() as {
    tables: number
  }
  if (application === 0 && version === 0 && tables === 0) return true
  if (application !== APPLICATION_ID) {
    throw new StoreError('not_ours', `${file} is a database of another program`)
  }
  throw new StoreError(
    'newer',
    `${file} was written by a newer version (${version}, this one knows ${SPACE_SCHEMA_VERSION})`,
  )
}
