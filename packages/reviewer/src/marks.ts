/**
 * Marks of spaces in a file beside the reviewer's key: how each space ended. Data with another end
 * are an older copy, or a reviewer was killed, which looks the same.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs'
import type { SpaceMark, SpaceMarks } from '@countersign/core/ports'

/** Marks in that file, which the first mark creates. A damaged file has no marks. */
export function fileMarks(file: string): SpaceMarks {
  const marks = readMarks(file)
  return {
    get: async (space) => marks.get(space),
    put: async (space, mark) => {
      marks.set(space, mark)
      write(file, JSON.stringify(Object.fromEntries(marks)))
    },
  }
}

function readMarks(file: string): Map<string, SpaceMark> {
  if (!existsSync(file)) return new Map()
  try {
    const marks = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, SpaceMark>>
    return new Map(Object.entries(marks))
  } catch {
    return new Map()
  }
}

/** The whole file or nothing, durably. */
function write(file: string, text: string): void {
  const fresh = `${file}.new`
  const handle = openSync(fresh, 'w', 0o600)
  try {
    writeSync(handle, text)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  renameSync(fresh, file)
}
