/**
 * Helpers for the database files of a reviewer: creates them with their folders, readable by the owner
 * only, and maps SQLite errors to `StoreError`.
 */
import { closeSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { StoreError } from './errors.ts'
import type { StoreTrouble } from './errors.ts'

/** Creates folder and file, readable by their owner only: the file has the reviewer's key. */
export function makeFile(file: string): void {
  try {
    makeFolder(dirname(file))
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && isFile(file)) return
    throw new StoreError('unwritable', `cannot write ${file}: ${reasonOf(error)}`, error)
  }
}

/** Creates folders one by one, because Node's recursive mkdir never returns in folders like `/proc`. */
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

/** Reads a numeric pragma. */
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
  [26, ['corrupt', 'damaged, or not a database:']],
])

/** Converts an error to a `StoreError` that names the file. */
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
  return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
}
