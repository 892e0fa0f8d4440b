/**
 * A reviewer's database file: opening it, refusing what is not ours, and its tables.
 *
 *   head        one row: epoch, seq and the signed position as text
 *   runs        what the reviewer appended, by first seq; `ids` holds 16 bytes a message
 *   sessions, rejections, meta
 *
 * One owner at a time: SQLite's exclusive locking mode keeps the operating system's lock for as
 * long as the file is open, and a killed process loses it. Nothing but SQLite may ever open the
 * file in this process, since closing any other handle would release that lock.
 */
import { closeSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StoreError } from './errors.ts'
import type { StoreTrouble } from './errors.ts'

/** `PRAGMA application_id` of a reviewer's database: "CSrv". */
const APPLICATION_ID = 0x43_53_72_76
/** `PRAGMA user_version`: the version of the tables below. */
export const SCHEMA_VERSION: number = 1

const SCHEMA = `
  create table head (
    one integer primary key check (one = 1),
    epoch integer not null, seq integer not null, text text not null
  ) strict;
  create table runs (
    from_seq integer primary key,
    to_seq integer not null, ids blob not null, text text not null, seals text not null
  ) strict;
  create table sessions (session_id text primary key, text text not null) strict;
  create table rejections (
    msg_id text primary key, session_id text not null, text text not null
  ) strict;
  create table meta (key text primary key, value text not null) strict;
  pragma application_id = ${APPLICATION_ID};
  pragma user_version = ${SCHEMA_VERSION};
`

/** Opens, and creates if need be. Throws a `StoreError` of one line. */
export function openDatabase(file: string): DatabaseSync {
  makeFile(file)
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(file, { enableForeignKeyConstraints: false })
    // Whose file it is must be known before anything is changed in it.
    db.exec('pragma locking_mode = exclusive; pragma trusted_schema = off')
    const isNew = checkOwner(db, file)
    db.exec('pragma journal_mode = wal; pragma synchronous = full; pragma fullfsync = on')
    if (isNew) db.exec(`begin immediate; ${SCHEMA} commit`)
    return db
  } catch (error) {
    db?.close()
    throw storeError(error, file)
  }
}

/** Makes folder and file, readable by their owner only: the file holds the reviewer's key. */
export function makeFile(file: string): void {
  try {
    makeFolder(dirname(file))
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && isFile(file)) return
    throw new StoreError('unwritable', `cannot write ${file}: ${reasonOf(error)}`, error)
  }
}

/** Step by step: where a folder cannot take another (`/proc`), Node's recursive way never ends. */
function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return
  if (dirname(folder) !== folder) makeFolder(dirname(folder))
  try {
    mkdirSync(folder, 0o700)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST' || !statSync(folder).isDirectory()) throw error
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}

/** True for an empty database. Throws for one that this version must not touch. */
function checkOwner(db: DatabaseSync, file: string): boolean {
  const application = pragma(db, 'application_id')
  const version = pragma(db, 'user_version')
  const { tables } = db.prepare('select count(*) as tables from sqlite_schema').get() as {
    tables: number
  }
  if (application === 0 && version === 0 && tables === 0) return true
  if (application !== APPLICATION_ID) {
    throw new StoreError('not_ours', `${file} is a database of another program`)
  }
  if (version > SCHEMA_VERSION) {
    throw new StoreError(
      'newer',
      `${file} was written by a newer version (${version}, this one knows ${SCHEMA_VERSION})`,
    )
  }
  return false
}

export function pragma(db: DatabaseSync, name: string): number {
  const row = db.prepare(`pragma ${name}`).get() as Record<string, number>
  return row[name]!
}

/** By the low byte of SQLite's result codes. */
const TROUBLES: ReadonlyMap<number, readonly [trouble: StoreTrouble, what: string]> = new Map([
  [3, ['unwritable', 'cannot write']],
  [5, ['in_use', 'another reviewer uses']],
  [6, ['in_use', 'another reviewer uses']],
  [8, ['unwritable', 'cannot write']],
  [11, ['corrupt', 'damaged database']],
  [13, ['full', 'no space left for']],
  [14, ['unwritable', 'cannot open']],
  [26, ['corrupt', 'damaged, or no database:']],
])

/** What `error` means for the owner of `file`. */
export function storeError(error: unknown, file: string): StoreError {
  if (error instanceof StoreError) return error
  const code = (error as { errcode?: unknown }).errcode
  const known = typeof code === 'number' ? TROUBLES.get(code & 0xff) : undefined
  const [trouble, what] = known ?? (['failed', 'the database failed:'] as const)
  return new StoreError(trouble, `${what} ${file} (${reasonOf(error)})`, error)
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.split('\n')[0]! : String(error)
}
