/** The spaces of a folder, and their files. */
import { readdirSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { isUuid } from '@countersign/core/message'
import { StoreError } from '../store/errors.ts'
import { fileOf } from '../store/sqlite-spaces.ts'
import { OWN_SPACE } from '../own-space.ts'

/** The files of a space, with their sizes and the time of the last change. */
export interface SpaceFiles {
  readonly file: string
  readonly fileBytes: number
  /** SQLite's log of changes that are not in the file yet. */
  readonly logBytes: number
  /** Ms since 1970. */
  readonly writtenAt: number
}

/** The spaces of a folder, sorted, without that in which the reviewer keeps its key; or the one that is asked for. */
export function spacesIn(folder: string, space: string | undefined): readonly string[] {
  const all = namesIn(folder)
    .filter((name) => /^[0-9a-f]{2}$/.test(name))
    .flatMap((part) => namesIn(resolve(folder, part)))
    .filter((name) => name.endsWith('.sqlite'))
    .map((name) => name.slice(0, -'.sqlite'.length))
    .filter((name) => isUuid(name) && name !== OWN_SPACE)
    .sort()
  if (space === undefined) return all
  if (all.includes(space)) return [space]
  throw new StoreError('unwritable', `there is no space ${space} in ${folder}`)
}

/** The files of a space. */
export function filesOf(folder: string, space: string): SpaceFiles {
  const file = fileOf(resolve(folder), space)
  const found = statSync(file)
  const log = statSync(`${file}-wal`, { throwIfNoEntry: false })
  return {
    file,
    fileBytes: found.size,
    logBytes: log?.size ?? 0,
    writtenAt: Math.floor(Math.max(found.mtimeMs, log?.size ? log.mtimeMs : 0)),
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    throw new StoreError('unwritable', `cannot read ${folder}: ${(error as Error).message}`, error)
  }
}
