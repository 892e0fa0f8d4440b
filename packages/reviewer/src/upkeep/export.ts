/** `export`: a space as a file of JSON lines. Reads only; the file is there whole, or not at all. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { exportSpace } from '@countersign/core/upkeep'
import { sqliteSpaces } from '../store/sqlite-spaces.ts'
import type { Command } from './args.ts'
import { spacesIn } from './folder.ts'
import { type Out, counted, inBytes } from './out.ts'

/** Writes the file. Rejects with a one-line error. */
export async function exportTo(command: Command, out: Out): Promise<number> {
  const { folder, persons } = command
  const [space = ''] = spacesIn(folder, command.space)
  const file = command.out ?? ''
  if (existsSync(file)) throw new Error(`${file} exists already`)
  const spaces = sqliteSpaces(folder, { readOnly: true })
  const part = `${file}.part`
  const handle = openSync(part, 'w', 0o600)
  let lines = 0
  let bytes = 0
  try {
    for await (const line of exportSpace({ space, store: spaces.open(space), persons })) {
      const text = `${line}\n`
      writeFileSync(handle, text)
      bytes += Buffer.byteLength(text)
      lines++
    }
    fsyncSync(handle)
  } catch (error) {
    rmSync(part, { force: true })
    throw error
  } finally {
    closeSync(handle)
    await spaces.close()
  }
  renameSync(part, file)
  out.line(`space ${space}: ${counted(lines, 'line')}, ${inBytes(bytes)} in ${file}`)
  if (!persons)
    out.line('without persons: nobody is known behind an author id until they sign in again')
  out.line("the reviewer's key is not in it: a reviewer goes on with it under the same key only")
  out.json({ space, file, lines, bytes, persons })
  return 0
}
